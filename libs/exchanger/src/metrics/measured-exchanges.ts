import type { Metrics } from '#observability';
import { PROVIDER_NAMES } from '#providers';
import type { EndedExchange, ExchangeMetrics } from './exchange-metrics.js';

/** ExchangeMetrics as numbers of this process. */
export class MeasuredExchanges implements ExchangeMetrics {
  constructor(private readonly metrics: Metrics) {
    // A counter that first appears with 1 has not grown for Prometheus: the first lost answer would go unseen.
    for (const provider of PROVIDER_NAMES) metrics.add('evergrant_token_answers_lost_total', { provider }, 0);
  }

  exchangeEnded({ provider, kind, outcome, seconds }: EndedExchange): void {
    this.metrics.add('evergrant_token_exchanges_total', { provider, kind, outcome });
    this.metrics.observe('evergrant_token_request_duration_seconds', { provider, kind }, seconds);
  }

  lifeLeft(provider: string, seconds: number): void {
    this.metrics.observe('evergrant_token_life_left_seconds', { provider }, seconds);
  }

  inFlight(change: 1 | -1): void {
    this.metrics.add('evergrant_exchanges_in_flight', {}, change);
  }

  answerLost(provider: string): void {
    this.metrics.add('evergrant_token_answers_lost_total', { provider });
  }
}
