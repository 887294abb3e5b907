import type { KeptExchange } from '#tokens/protocol';
import type { PlatformAnswer } from '#providers';

/** One request to a token endpoint, as the journal names it. The version is a bigint as text; null where there is none yet. */
export interface JournaledIntent {
  intentId: string;
  kind: 'refresh' | 'code';
  /** The grant, or the attempt whose code it is. */
  subjectId: string;
  version: string | null;
  /** When it was claimed, by the clock of the database, in milliseconds; lifetimes count from it where the database has lost the claim. */
  claimedAt?: number;
}

/**
 * What survives a `kill -9` of the process that talks to token endpoints: that a request is about to leave (D), the answer
 * before it is parsed (R), and that it is stored (C).
 */
export interface Journal {
  /** Whether there is space for the records of one more exchange; without it nothing may be sent. */
  writable(): boolean;
  /** D. Resolves when it is on disk; rejects when it is not, and then nothing may be sent. */
  dispatched(intent: JournaledIntent): Promise<void>;
  /** R. Resolves when it is on disk; rejects when it cannot be, and the answer is then in memory alone. */
  answered(intent: JournaledIntent, answer: PlatformAnswer): Promise<void>;
  /**
   * C. Needs no disk of its own: a repeated commit finds itself done. `isKept`: the answer stays readable for a while, because
   * the database may lose what it has confirmed.
   */
  settled(intentId: string, isKept?: boolean): void;
  /** The exchange of the newest kept answer of a grant. */
  keptOf(grantId: string): KeptAnswer | undefined;
  /** Those of all grants. */
  kept(): KeptAnswer[];
  /** The kept answers of these grants. */
  readKept(grantIds: readonly string[]): Promise<Unsettled[]>;
  /**
   * Keeps what cannot be stored in a file of its own, which no other exchange waits for; each start returns it. An earlier
   * one of the same grant or attempt is replaced. Resolves when it is on disk.
   */
  setAside(left: Unsettled): Promise<void>;
  /** What is set aside for a grant or an attempt. */
  aside(subjectId: string): Unsettled | undefined;
}

/** A grant whose answer is kept. */
export interface KeptAnswer extends KeptExchange {
  grantId: string;
}

/** Null: the exchange is not that of a grant's version. */
export function toKept({ subjectId: grantId, version, claimedAt }: JournaledIntent): KeptAnswer | null {
  return version === null || claimedAt === undefined ? null : { grantId, version, claimedAt: new Date(claimedAt) };
}

/** An exchange without a record of its end: sent, and answered or not. */
export interface Unsettled {
  intent: JournaledIntent;
  answer: PlatformAnswer | null;
}
