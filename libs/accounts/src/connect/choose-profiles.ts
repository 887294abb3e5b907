import type { AttemptError } from '#persistence';
import type { Profile } from '#providers';
import type { AttemptIdentity } from '#tokens';
import type { OpenAttempt } from './identity-check.js';

/** A profile that becomes an account. */
export type ChosenProfile = Omit<Profile, 'accessToken' | 'ineligible'>;

export type Choice =
  { kind: 'chosen'; profiles: ChosenProfile[] } | { kind: 'undecided' } | { kind: 'refused'; error: AttemptError };

export type Identified = Extract<AttemptIdentity, { ok: true }>;

/** Which accounts a consent creates or renews: the reauthorized one, those that the caller selected, or all eligible ones. */
export function chooseProfiles(
  attempt: OpenAttempt,
  { identity, list }: Identified,
  selected?: readonly string[],
): Choice {
  const eligible: ChosenProfile[] = list ? list.profiles.filter(({ ineligible }) => ineligible === null) : [identity];
  if (attempt.reauthAccountId !== null) return chooseReauthorized(eligible, attempt, identity.platformUserId);
  if (list && attempt.selection === 'manual' && !selected) return { kind: 'undecided' };
  const chosen = selected ? eligible.filter(({ platformAccountId }) => selected.includes(platformAccountId)) : eligible;
  return chosen.length > 0 ? { kind: 'chosen', profiles: chosen } : { kind: 'refused', error: 'no_eligible_account' };
}

/**
 * A sign-in that does not open the profile which is reauthorized changes nothing. A Page may be renewed by another person who
 * administers it, unless the app requires confirmations: nothing would confirm that person.
 */
function chooseReauthorized(
  eligible: ChosenProfile[],
  { reauthProfile, reauthPerson }: OpenAttempt,
  person: string,
): Choice {
  const profile = eligible.find(({ platformAccountId }) => platformAccountId === reauthProfile);
  const isPersonAllowed = reauthPerson === null || reauthPerson === person;
  return profile && isPersonAllowed
    ? { kind: 'chosen', profiles: [profile] }
    : { kind: 'refused', error: 'account_mismatch' };
}
