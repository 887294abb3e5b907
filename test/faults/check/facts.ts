/** One account as the product stores it after a run. Tokens are represented by their fingerprint, so that none is printed. */
export interface AccountFacts {
  accountId: string;
  grantId: string;
  /** The user id at the platform. */
  person: string;
  firstVersion: number;
  version: number;
  state: string;
  health: string;
  reason: string | null;
  /** The fingerprint of the stored refresh token; null: none is stored. */
  stored: string | null;
  /** Events `account.refreshed` in the history and in the outbox, and committed exchanges. */
  events: number;
  queued: number;
  committed: number;
}

/** One arrival of a refresh token at the platform. */
export interface Send {
  token: string;
  /** Whether the platform gave a new pair for it. */
  rotated: boolean;
}

/** The state of the platform. */
export interface PlatformFacts {
  /** The valid refresh token of each person; null: none is valid. */
  leaves: ReadonlyMap<string, string | null>;
  /** In the order of arrival. */
  sends: readonly Send[];
  /** The persons whose grant the run itself revoked at the platform. */
  revoked: ReadonlySet<string>;
}

/** An answer with tokens that was in the journal when its process was killed. */
export interface JournaledAnswer {
  grantId: string;
  version: number;
}

/** The input of the checks, which read neither the database nor the platform. */
export interface Facts {
  accounts: readonly AccountFacts[];
  platform: PlatformFacts;
  /** For each token, the number of exchanges that ended without an answer. */
  unanswered: ReadonlyMap<string, number>;
  journaled: readonly JournaledAnswer[];
  /** Ids of grants that were still undecided one minute after the faults. */
  late: readonly string[];
  /** Exchanges that the journal still holds. */
  unsettled: number;
  /** Places in which a token was found unencrypted. */
  inTheClear: readonly string[];
}
