import type { FailureClass } from '#providers';

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
