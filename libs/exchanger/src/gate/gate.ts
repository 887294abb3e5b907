/** Why an exchange is wanted, the most urgent first: its outcome is unknown, somebody waits for it, it is due. */
export type Urgency = 'unknown' | 'forced' | 'due';

/** What the gate needs to know of an exchange. */
export interface AdmissionRequest {
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
export type RequestResult = 'ok' | 'temporary' | 'permanent' | 'spent' | 'rejected' | 'app' | 'lost' | 'unsent';

export interface Admission {
  kind: 'admitted';
  /** To be called once, whatever happened. `counts` false: a rejection that was expected, of a grant known to be dead. */
  release(result: RequestResult, counts?: boolean): void;
}

/** Nothing may be sent for this app or from this process now. */
export interface Rejection {
  kind: 'rejected';
  why: 'breaker' | 'full' | 'draining';
  /** Seconds. */
  retryAfter: number;
}

/** Decides who may send when: breakers and permits per app, places per workspace. */
export interface Gate {
  /** Waits for a place; settles with a rejection where waiting would not help. */
  enter(request: AdmissionRequest): Promise<Admission | Rejection>;
  /** Somebody waits for a grant now whose request may wait here as due. */
  lift(grantId: string): void;
  /** Whether refusals of this app's grants may be believed: its breaker is closed. */
  isBreakerClosed(appId: string): boolean;
  /** For how many milliseconds it has been; Infinity: as far back as this process knows. */
  breakerClosedFor(appId: string): number;
}
