/** What a process finds about one exchange of an earlier process. */
export interface LeftExchange {
  /** Whether the journal has its answer. */
  answered: boolean;
  /** The state of its intent in the database. */
  intent: 'prepared' | 'dispatched' | 'committed' | 'answered' | 'unknown' | 'released';
}

/**
 * `conclude`: the answer is stored, or the outcome becomes unknown, as in a process that continues. `close`: it has ended, and
 * the journal drops it.
 */
export type Recovery = 'conclude' | 'close';

/**
 * What becomes of an exchange that the journal holds. An outcome that was unknown is known with the answer: it was set aside,
 * or another process has taken over the claim meanwhile.
 */
export function decideRecovery({ answered, intent }: LeftExchange): Recovery {
  if (intent === 'prepared' || intent === 'dispatched') return 'conclude';
  return answered && intent === 'unknown' ? 'conclude' : 'close';
}
