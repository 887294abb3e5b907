import type { Failure, Identity, IdentityOutcome } from '#providers';
import { identify } from '../exchange/witness.js';
import type { Room } from '../room.js';
import type { ExchangedAttempt } from './adopt-grant.js';
import { listProfiles, type ProfileList, type Profiles } from './profiles.js';

interface LookedAt {
  /** How often the platform was asked before. */
  looks: number;
}

/** Whose a token set is and, where one consent opens several accounts, which. */
export type AttemptIdentity =
  | { ok: true; identity: Identity; list: ProfileList | undefined }
  | Extract<IdentityOutcome, { ok: false }>;

const NO_PROFILES = { class: 'temporary', reason: 'provider_unavailable', code: 'no_profiles' } as const;

/** One empty list is no answer: a platform gives such a list for a token that it does not know everywhere yet. */
function failureOf(listed: Profiles, { looks }: LookedAt): Failure | undefined {
  if (!listed.ok) return listed.failure;
  return listed.list.profiles.length === 0 && looks === 0 ? NO_PROFILES : undefined;
}

/** Asks the platform whose the token set in an attempt is. Undefined: there is none any more. */
export async function identifyAttempt(room: Room, attempt: ExchangedAttempt & LookedAt): Promise<AttemptIdentity | undefined> {
  const tokens = await room.vault.openAttemptTokens(room.pool, attempt);
  if (!tokens) return undefined;
  const outcome = await identify(room, attempt, tokens.accessToken, tokens.scopes ?? attempt.scopes);
  if (!outcome.ok) return outcome;
  const listed = await listProfiles(room, attempt, tokens.accessToken);
  const failure = listed && failureOf(listed, attempt);
  return failure ? { ok: false, failure } : { ...outcome, list: listed?.list };
}
