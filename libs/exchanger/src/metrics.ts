import { type FailureClass, PROVIDER_NAMES } from '#providers';
import type { Metrics } from '#observability';

/** How a request to a token endpoint ended; `rejected`: refused in words that no table lists; `lost`: unknown; `unsent`: nothing was sent. */
export type ExchangeResult = 'ok' | FailureClass | 'rejected' | 'lost' | 'unsent';

/** One exchange that has ended. */
export interface EndedExchange {
  provider: string;
  kind: 'refresh' | 'code';
  outcome: ExchangeResult;
  /** From the first byte sent to the answer read, or to the timeout. */
  seconds: number;
}

/** What the exchanges report to operators. It holds no id: metrics count. */
export interface ExchangeMetrics {
  exchangeEnded(ended: EndedExchange): void;
  /** Seconds that the old access token still had when a new one was stored; negative: it had expired. */
  lifeLeft(provider: string, seconds: number): void;
  inFlight(change: 1 | -1): void;
  /** The connection broke or the timeout passed: the outcome is unknown. */
  answerLost(provider: string): void;
}

/** ExchangeMetrics as metrics of this process. */
export class MeasuredExchanges implements ExchangeMetrics {
  constructor(private readonly metrics: Metrics) {
    // Prometheus sees no growth in a counter that first appears with 1: the first lost answer would be missed.
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

/** The state of a journal and a gate. */
export interface Watched {
  journal: { writable(): boolean; size: number; overwritten: number; unsettledCount: number; asideCount: number };
  gate: { waiting: number };
}

/** Sets the gauges of journal and gate whenever the metrics are read. */
export function watchExchanges(metrics: Metrics, { journal, gate }: Watched): void {
  metrics.beforeText(() => {
    metrics.set('evergrant_journal_size_bytes', {}, journal.size);
    metrics.set('evergrant_journal_overwritten', {}, journal.overwritten);
    metrics.set('evergrant_journal_unsettled', {}, journal.unsettledCount);
    metrics.set('evergrant_journal_set_aside', {}, journal.asideCount);
    metrics.set('evergrant_journal_writable', {}, journal.writable() ? 1 : 0);
    metrics.set('evergrant_gate_waiting', {}, gate.waiting);
  });
}
