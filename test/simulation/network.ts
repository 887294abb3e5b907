import type { Answer, Sending } from './authorization-server.js';

/** One request under way, or its answer. */
export interface Wire {
  readonly sending: Sending;
  readonly sentAt: number;
  at: 'to the platform' | 'to us' | 'over';
  answer?: Answer;
  /** What the exchanger has read from its socket. */
  inbox?: Answer | 'reset';
  /** Whether the exchanger believes that the answer is on its disk. */
  recorded?: boolean;
}
