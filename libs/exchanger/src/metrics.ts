import { type FailureClass, PROVIDER_NAMES } from '#providers';
import type { Metrics } from '#observability';

/** How a request to a token endpoint ended; `rejected`: refused in words that no table lists; `lost`: unknown; `unsent`: nothing left this process. */
export type ExchangeResult = 'ok' | FailureClass | 'rejected' | 'lost' | 'unsent';

/** One exchange that is over. */
export interface EndedExchange {
  provider: string;
  kind: 'refresh' | 'code';
  outcome: ExchangeResult;
  /** From the first byte sent to the answer read, or to the end of the wait. */
  seconds: number;
}

/** What the exchanges tell the operators. It holds no id: a metric counts, it does not name. */
export interface ExchangeMetrics {
  exchangeEnded(ended: EndedExchange): void;
  /** How long the old access token would still have lived when a new one was stored; negative: it had ended. */
  lifeLeft(provider: string, seconds: number): void;
  inFlight(change: 1 | -1): void;
  /** The connection broke or the wait was over: the outcome is unknown. */
  answerLost(provider: string): void;
}

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

/** What a journal and a gate say of themselves. */
export interface Watched {
  journal: { writable(): boolean; bytes: number; unsettledCount: number };
  gate: { waiting: number };
}

/** Tells what the process that talks to token endpoints holds: looked at whenever the metrics are asked for. */
export function watchExchanges(metrics: Metrics, { journal, gate }: Watched): void {
  metrics.beforeTelling(() => {
    metrics.set('evergrant_journal_size_bytes', {}, journal.bytes);
    metrics.set('evergrant_journal_unsettled', {}, journal.unsettledCount);
    metrics.set('evergrant_journal_writable', {}, journal.writable() ? 1 : 0);
    metrics.set('evergrant_gate_waiting', {}, gate.waiting);
  });
}
