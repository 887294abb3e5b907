import type { Identity, IdentityOutcome } from '#providers';
import { identify } from '../exchange/witness.js';
import type { Room } from '../room.js';
import type { ExchangedAttempt } from './adopt-grant.js';
import { listProfiles, type ProfileList } from './profiles.js';

/** Whose a token set is and, where one consent opens several accounts, which. */
export type AttemptIdentity =
  | { ok: true; identity: Identity; list: ProfileList | undefined }
  | Extract<IdentityOutcome, { ok: false }>;

/** Asks the platform whose the token set in an attempt is. Undefined: there is none any more. */
export async function identifyAttempt(room: Room, attempt: ExchangedAttempt): Promise<AttemptIdentity | undefined> {
  const tokens = await room.vault.openAttemptTokens(room.pool, attempt);
  if (!tokens) return undefined;
  const outcome = await identify(room, attempt, tokens.accessToken, tokens.scopes ?? attempt.scopes);
  if (!outcome.ok) return outcome;
  const listed = await listProfiles(room, attempt, tokens.accessToken);
  if (listed && !listed.ok) return { ok: false, failure: listed.failure };
  return { ...outcome, list: listed?.list };
}
