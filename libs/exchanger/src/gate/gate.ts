/** Why an exchange is requested, the most urgent first: its outcome is unknown, a caller waits for it, it is due. */
export type Urgency = 'unknown' | 'forced' | 'due';

/** The facts of an exchange that the gate needs. */
export interface AdmissionRequest {
  grantId: string;
  appId: string;
  workspaceId: string;
  /** The platform of the request; its imitation in the sandbox counts as another one. */
  platform: string;
  urgency: Urgency;
  /** When the access token ends: among due requests the soonest goes first. Null: it has no end. */
  accessExpiresAt: Date | null;
  /** An unknown outcome within the grace period of its platform: no breaker delays it. */
  inGrace?: boolean;
}

/**
 * The result of an admitted request. `ok`: the platform works, also where the owner has to act or a permission
 * is missing. `temporary`: it failed, or could not be reached. `spent`: a one-time token was refused that had been sent before,
 * as a working platform does too. `rejected`: refused in words that no table lists, which is no outage and no revocation.
 * `unsent`: there turned out to be nothing to send.
 */
export type RequestResult = 'ok' | 'temporary' | 'permanent' | 'spent' | 'rejected' | 'app' | 'lost' | 'unsent';

export interface Admission {
  kind: 'admitted';
  /** To be called exactly once, whatever the result. `counts` false: an expected refusal, of a grant known to be revoked. */
  release(result: RequestResult, counts?: boolean): void;
}

/** Nothing may be sent for this app or from this process now. */
export interface Rejection {
  kind: 'rejected';
  why: 'breaker' | 'full' | 'draining';
  /** Seconds. */
  retryAfter: number;
}

/** Decides which request may be sent when: breakers and permits per app, places per workspace and platform. */
export interface Gate {
  /** Waits for a place; resolves with a rejection where waiting would not help. */
  enter(request: AdmissionRequest): Promise<Admission | Rejection>;
  /** A caller waits for this grant now: its waiting request, if it was only due, becomes `forced`. */
  lift(grantId: string): void;
  /** Whether the breaker of this app is closed: only then do refusals concern a grant. */
  isBreakerClosed(appId: string): boolean;
  /** For how many milliseconds it has been closed; Infinity: as far back as the records of this process reach. */
  breakerClosedFor(appId: string): number;
}

/** This process ends and sends nothing more for this call: the next process takes it. */
export class Draining extends Error {
  override readonly name = 'Draining';

  constructor() {
    super('the exchanger ends; the next one takes this call');
  }
}
