import type { Answer, RefreshRequest } from './authorization-server.js';

/** One request in transit, or its answer. */
export interface Wire {
  readonly request: RefreshRequest;
  readonly sentAt: number;
  at: 'to the platform' | 'to us' | 'over';
  answer?: Answer;
  /** What the exchanger read from its socket. */
  inbox?: Answer | 'reset';
  /** Whether the journal confirmed the record of the answer. */
  recorded?: boolean;
}
