import type { AttemptError } from '#persistence';
import type { Profile } from '#providers';
import type { AttemptIdentity } from '#tokens';
import type { OpenAttempt } from './finish-attempt.js';

/** Something that becomes an account. */
export type ChosenProfile = Omit<Profile, 'accessToken' | 'ineligible'>;

export type Choice =
  { kind: 'chosen'; profiles: ChosenProfile[] } | { kind: 'ask' } | { kind: 'refused'; error: AttemptError };

type Identified = Extract<AttemptIdentity, { ok: true }>;

/** Which accounts a consent makes or renews: the one that is reauthorized, those the caller selected, or all that can be. */
export function chooseProfiles(
  attempt: OpenAttempt,
  { identity, list }: Identified,
  selected?: readonly string[],
): Choice {
  const eligible: ChosenProfile[] = list ? list.profiles.filter(({ ineligible }) => ineligible === null) : [identity];
  if (attempt.reauthAccountId !== null) return reauthorized(eligible, attempt.reauthProfile);
  if (list && attempt.selection === 'manual' && !selected) return { kind: 'ask' };
  const chosen = selected ? eligible.filter(({ platformAccountId }) => selected.includes(platformAccountId)) : eligible;
  return chosen.length > 0 ? { kind: 'chosen', profiles: chosen } : { kind: 'refused', error: 'no_eligible_account' };
}

/** Signing in as somebody else, or not granting that Page, changes nothing. */
function reauthorized(eligible: ChosenProfile[], wanted: string | null): Choice {
  const profile = eligible.find(({ platformAccountId }) => platformAccountId === wanted);
  return profile ? { kind: 'chosen', profiles: [profile] } : { kind: 'refused', error: 'account_mismatch' };
}
