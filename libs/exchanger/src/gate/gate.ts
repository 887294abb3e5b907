/** Why an exchange is wanted, the most urgent first: its outcome is unknown, somebody waits for it, it is due. */
export type Urgency = 'unknown' | 'forced' | 'due';

/** What the gate needs to know of an exchange. */
export interface Wish {
  grantId: string;
  appId: string;
  workspaceId: string;
  urgency: Urgency;
  /** When the access token ends: among what is due the soonest goes first. Null: it has no end. */
  accessExpiresAt: Date | null;
  /** An unknown outcome whose platform still answers a resend like the first sending: no breaker holds it up. */
  inGrace?: boolean;
}

/**
 * What became of a request that was let through. `ok`: the platform is well, also where the owner has to act or a permission
 * is missing. `temporary`: it failed, or could not be reached. `spent`: a one-time token was refused that had been sent before,
 * as a platform that is well does too. `rejected`: refused in words that no table lists, which is no outage and no revocation.
 * `unsent`: there turned out to be nothing to send.
 */
export type Passage = 'ok' | 'temporary' | 'permanent' | 'spent' | 'rejected' | 'app' | 'lost' | 'unsent';

export interface Pass {
  kind: 'pass';
  /** To be called once, whatever happened. `counts` false: a refusal that was expected, of a grant known to be dead. */
  leave(passage: Passage, counts?: boolean): void;
}

/** Nothing may be sent for this app or from this process now. */
export interface Refusal {
  kind: 'closed';
  why: 'breaker' | 'full' | 'draining';
  /** Seconds. */
  retryAfter: number;
}

/** Decides who may send when: breakers and permits per app, places per workspace. */
export interface Gate {
  /** Waits for a place; settles with a refusal where waiting would not help. */
  enter(wish: Wish): Promise<Pass | Refusal>;
  /** Somebody waits for a grant now whose wish may wait here as due. */
  lift(grantId: string): void;
  /** Whether refusals of this app's grants may be believed: its breaker is closed. */
  isClosed(appId: string): boolean;
  /** For how many milliseconds it has been; Infinity: as far back as this process knows. */
  closedFor(appId: string): number;
}
