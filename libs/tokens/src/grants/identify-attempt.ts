import type { Failure, Identity, IdentityOutcome } from '#providers';
import { identify } from '../exchange/witness.js';
import type { Room } from '../room.js';
import { blameAppOf, clearAppOf } from '../store/apps.js';
import type { ExchangedAttempt } from './adopt-grant.js';
import { listProfiles, type ProfileList } from './profiles.js';

/** Whose a token set is and, where one consent opens several accounts, which. */
export type AttemptIdentity =
  { ok: true; identity: Identity; list: ProfileList | undefined } | Extract<IdentityOutcome, { ok: false }>;

/** Asks the platform whose the token set in an attempt is. Undefined: there is none any more. */
export async function identifyAttempt(room: Room, attempt: ExchangedAttempt): Promise<AttemptIdentity | undefined> {
  const tokens = await room.vault.openAttemptTokens(room.pool, attempt);
  if (!tokens) return undefined;
  const outcome = await identify(room, attempt, tokens.accessToken, tokens.scopes ?? attempt.scopes);
  if (!outcome.ok) return refused(room, attempt, outcome.failure);
  const listed = await listProfiles(room, attempt, tokens.accessToken);
  if (listed && !listed.ok) return refused(room, attempt, listed.failure);
  // A code that was taken says less: the platform may refuse the app at its API alone.
  await clearAppOf(room.pool, attempt.oauthAppId);
  return { ...outcome, list: listed?.list };
}

/** What is said of the app is said for all its accounts. */
async function refused(
  room: Room,
  { oauthAppId }: ExchangedAttempt,
  failure: Failure,
): Promise<Extract<AttemptIdentity, { ok: false }>> {
  await blameAppOf(room.pool, oauthAppId, failure);
  return { ok: false, failure };
}
