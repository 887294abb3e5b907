import type { Secret } from '#observability';
import type { AppCheckOutcome, Failure } from '#providers';
import type { GrantFacts } from '../protocol/grant.js';
import { SEAL_BROKEN } from '../protocol/health.js';

/** What became of a code. The token set waits sealed in its attempt. */
export type CodeOutcome =
  | { kind: 'exchanged' }
  | { kind: 'refused'; failure: Failure }
  /** No answer came. A code is never sent twice (RFC 6749 4.1.2). */
  | { kind: 'lost' }
  | { kind: 'unreachable' };

/** What became of a refresh. */
export type RefreshOutcome =
  | { kind: 'refreshed' }
  /** Stored too short a time ago to be renewed: nothing was sent. */
  | { kind: 'fresh' }
  /** Not due, or gone. */
  | { kind: 'nothing_to_do' }
  /** There is no refresh token. */
  | { kind: 'not_refreshable' }
  /** The platform refused the grant, whether the revocation is confirmed or not. */
  | { kind: 'refused' }
  /** The platform failed, or the outcome is unknown; or a sealed row does not open, so that nothing was sent. */
  | { kind: 'unavailable'; retryAfter: number; isSealBroken?: boolean | undefined }
  | { kind: 'app_paused'; retryAfter: number };

/** The outcome of the last refresh, derived from the grant: after a success no failure is stored in it. */
export function storedOutcome(
  { lastClass, lastError, refreshDueAt }: Pick<GrantFacts, 'lastClass' | 'lastError' | 'refreshDueAt'>,
  now: Date,
): RefreshOutcome {
  if (lastClass === null) return { kind: 'refreshed' };
  if (lastClass === 'permanent' || lastClass === 'owner') return { kind: 'refused' };
  const retryAfter = Math.max(1, Math.ceil(((refreshDueAt ?? now).getTime() - now.getTime()) / 1_000));
  if (lastError === SEAL_BROKEN) return { kind: 'unavailable', retryAfter, isSealBroken: true };
  return { kind: lastClass === 'app' ? 'app_paused' : 'unavailable', retryAfter };
}

export interface RefreshOptions {
  /** Also when it is not due. */
  forced?: boolean;
  /** Milliseconds to wait for an exchange that is running already; it continues after this time. */
  maxWait?: number;
}

/** The only way to token and revoke endpoints: ids go in, an outcome comes out, never a token. */
export interface TokenExchange {
  exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome>;
  refresh(grantId: string, options?: RefreshOptions): Promise<RefreshOutcome>;
  /**
   * Sends a stored revocation at once. It is repeated later without a request, so no caller needs to wait. True: the
   * platform revoked the tokens.
   */
  revoke(revocationId: string): Promise<boolean>;
  /** Checks at the platform whether the id and the secret of an app are right, and stores the status that follows. Never throws. */
  checkApp(appId: string): Promise<AppCheckOutcome>;
}
