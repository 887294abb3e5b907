import type { GrantFacts } from './grant.js';

/** What a process finds about one exchange of an earlier process. */
export interface LeftExchange {
  /** The latest record of it in the journal. */
  journal: 'answer' | 'dispatch' | 'nothing';
  /** The state of its intent in the database; `missing`: a failover has lost it. */
  intent: 'prepared' | 'dispatched' | 'committed' | 'answered' | 'unknown' | 'released' | 'missing';
  /**
   * Whether the journal is certainly the one in which the ended process wrote last. With a copy the process that sent the
   * request may still run, and receive the answer.
   */
  isOwn: boolean;
}

/**
 * `store`: the answer is stored as in a process that continues. `unknown`: the token may be spent. `release`: nothing was sent.
 * `close`: nothing is left to do. `hold`: it is unknown with the end of its claim, until which its sender may store it.
 */
export type Recovery = 'store' | 'unknown' | 'release' | 'close' | 'hold';

const IS_OPEN = new Set<LeftExchange['intent']>(['prepared', 'dispatched', 'missing']);

/**
 * What becomes of an exchange of an earlier process. An answer is stored by its version alone: the intent is history, and an
 * outcome that was unknown is known with the answer. A dispatch counts as not sent only where neither the journal nor the database
 * has noted it: a journal that was lost or restored does not show that nothing was sent.
 */
export function decideRecovery({ journal, intent, isOwn }: LeftExchange): Recovery {
  if (journal === 'answer') return IS_OPEN.has(intent) || intent === 'unknown' ? 'store' : 'close';
  if (!IS_OPEN.has(intent)) return 'close';
  if (!isOwn) return 'hold';
  return journal === 'nothing' && intent === 'prepared' ? 'release' : 'unknown';
}

/** A grant as the database has it. */
export interface StoredGrant {
  tokenVersion: string;
  refreshState: GrantFacts['refreshState'];
  consentedAt: Date;
}

/** The exchange of a stored answer that a journal keeps. */
export interface KeptExchange {
  /** The version that was sent: that of the answer follows it. */
  version: string;
  claimedAt: Date;
}

/**
 * Whether the database has lost tokens that it had confirmed. After the loss its versions are given again: a consent that came
 * after the exchange, and the end of the grant, count more than the answer.
 */
export const isBehind = (stored: StoredGrant, kept: KeptExchange): boolean =>
  BigInt(stored.tokenVersion) <= BigInt(kept.version) &&
  stored.refreshState !== 'ended' &&
  stored.consentedAt < kept.claimedAt;
