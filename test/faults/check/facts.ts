/** One account as the product has it after a run. Tokens are named by their fingerprint, so that none is ever printed. */
export interface AccountFacts {
  accountId: string;
  grantId: string;
  /** Who this is at the platform. */
  person: string;
  firstVersion: number;
  version: number;
  state: string;
  health: string;
  reason: string | null;
  /** The refresh token that is stored, opened; null: there is none. */
  stored: string | null;
  /** `account.refreshed` in its history, in the outbox, and exchanges that ended as committed. */
  told: number;
  queued: number;
  committed: number;
}

/** One arrival of a refresh token at the platform. */
export interface Send {
  token: string;
  /** Whether the platform gave a new pair for it. */
  rotated: boolean;
}

/** What the platform knows. */
export interface PlatformFacts {
  /** The refresh token of each person that still works; null: none does. */
  leaves: ReadonlyMap<string, string | null>;
  /** In the order in which they came. */
  sends: readonly Send[];
  /** Whose grant the run itself has ended at the platform. */
  revoked: ReadonlySet<string>;
}

/** An answer with tokens that lay in the journal when a process was killed. */
export interface JournaledAnswer {
  grantId: string;
  version: number;
}

/** All that the checks look at: no database and no platform is asked any more. */
export interface Facts {
  accounts: readonly AccountFacts[];
  platform: PlatformFacts;
  /** How many exchanges of that token ended without an answer. */
  unanswered: ReadonlyMap<string, number>;
  journaled: readonly JournaledAnswer[];
  /** Grants about which nothing was decided a minute after the faults. */
  late: readonly string[];
  /** Exchanges that the journal still holds. */
  unsettled: number;
  /** Where a token was found in the clear. */
  inTheClear: readonly string[];
}
