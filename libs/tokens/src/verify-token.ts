import type { Secret } from '#observability';
import {
  type Failure,
  type Identity,
  type IdentityOutcome,
  type ProbeReading,
  type Profile,
  providerOf,
  readIdentityAnswer,
} from '#providers';
import { PROFILE_MISMATCH } from './protocol/after-probe.js';
import { callApi, type ApiTarget } from './call-api.js';
import { listProfiles, type ProfileList } from './grants/profiles.js';
import { identify } from './identify.js';
import type { TokenContext } from './token-context.js';

type ApiContext = Pick<TokenContext, 'client' | 'logger' | 'countIncompleteList'>;

/** An access token that a client supplied, and the profile that the client names for it. */
export interface ClaimedToken extends ApiTarget {
  accessToken: Secret;
  /** Empty: the client has named none. */
  scopes: readonly string[];
  platformAccountId: string;
}

/** The profile of a token, as the platform names it. */
export type VerifiedProfile = Omit<Profile, 'accessToken' | 'ineligible'>;

export type TokenVerification =
  | {
      kind: 'verified';
      profile: VerifiedProfile;
      /** The person behind the token; null where a profile has a token of its own. */
      platformUserId: string | null;
      /** Granted scopes, where the platform names them. */
      scopes: string[] | undefined;
      /** The profiles that a person's token opens, with their own tokens. */
      list: ProfileList | undefined;
    }
  /** The token belongs to another profile. */
  | { kind: 'mismatch' }
  | { kind: 'rejected'; failure: Failure }
  /** No answer, 5xx, a limit, or a refusal of the app: the answer proves nothing about the token. */
  | { kind: 'unanswered'; failure: Failure };

/** Checks at the platform whether an access token is accepted, and requests its owner. */
export async function verifyToken(context: ApiContext, claimed: ClaimedToken): Promise<TokenVerification> {
  const own = await requestOwner(context, claimed, claimed.accessToken);
  if (!own) return verifyPerson(context, claimed);
  if (!own.ok) return failed(own.failure);
  if (own.identity.platformAccountId === claimed.platformAccountId) return verified(own.identity, null);
  const person = await verifyPerson(context, claimed);
  // The platform has accepted the token: it is another profile's, for which the identity call requests too much.
  return person.kind === 'rejected' ? { kind: 'mismatch' } : person;
}

async function verifyPerson(context: ApiContext, claimed: ClaimedToken): Promise<TokenVerification> {
  const person = await identify(context, claimed, claimed.accessToken, claimed.scopes);
  if (!person.ok) return failed(person.failure);
  const listed = await listProfiles(context, claimed, claimed.accessToken);
  if (!listed) return verifiedPerson(person.identity, claimed);
  return listed.ok ? verifiedProfile(person.identity, listed.list, claimed) : failed(listed.failure);
}

/** Statuses of an answer that proves nothing about the token. */
const NOT_LOOKED_AT = ['http_408', 'http_425', 'http_429'];

/** An answer with another status 4xx refuses the token in whatever words: nothing is stored yet that a wrong reading could end. */
function failed(failure: Failure): TokenVerification {
  const { class: failureClass, code } = failure;
  const isInconclusive = failureClass === 'temporary' && (NOT_LOOKED_AT.includes(code) || !code.startsWith('http_4'));
  return isInconclusive || failureClass === 'app' ? { kind: 'unanswered', failure } : { kind: 'rejected', failure };
}

/** Identifies the owner where the token may be of one profile, for which the identity call requests too much. */
async function requestOwner(
  context: Pick<ApiContext, 'client' | 'logger'>,
  target: ApiTarget,
  accessToken: Secret,
): Promise<IdentityOutcome | undefined> {
  const provider = providerOf(target.provider);
  const owner = provider.profiles?.owner;
  if (!owner) return undefined;
  return callApi(context, target, owner.request(accessToken, []), (answer) =>
    readIdentityAnswer({ ...provider, identity: owner }, answer),
  );
}

const verified = (identity: Identity, platformUserId: string | null): TokenVerification => ({
  kind: 'verified',
  profile: profileOf(identity),
  platformUserId,
  scopes: identity.scopes,
  list: undefined,
});

const profileOf = ({ platformAccountId, handle, displayName, avatarUrl }: VerifiedProfile): VerifiedProfile => ({
  ...{ platformAccountId, handle, displayName, avatarUrl },
});

const verifiedPerson = (identity: Identity, { platformAccountId }: ClaimedToken): TokenVerification =>
  identity.platformAccountId === platformAccountId ? verified(identity, identity.platformUserId) : { kind: 'mismatch' };

/** A short list proves nothing about what is missing: the request is repeated later. */
function verifiedProfile(
  identity: Identity,
  list: ProfileList,
  { platformAccountId }: ClaimedToken,
): TokenVerification {
  const found = list.profiles.find((profile) => profile.platformAccountId === platformAccountId);
  if (!found?.accessToken) return { kind: 'mismatch' };
  const { platformUserId, scopes } = identity;
  return { kind: 'verified', profile: profileOf(found), platformUserId, scopes, list };
}

/** What a verification proves about an account, as the probe of stored tokens that no answer has confirmed yet. */
export function readingOf(verification: TokenVerification): ProbeReading {
  const { kind } = verification;
  if (kind === 'verified') return { ok: true, ...(verification.scopes && { scopes: verification.scopes }) };
  if (kind !== 'mismatch') return { ok: false, failure: verification.failure };
  return { ok: false, failure: { class: 'permanent', reason: PROFILE_MISMATCH, code: PROFILE_MISMATCH } };
}

/** The probe of an account without an app: where the probe of a platform needs one, the owner of the token is identified instead. */
export async function probeWithoutApp(
  context: Pick<ApiContext, 'client' | 'logger'>,
  target: ApiTarget & { scopes: readonly string[] },
  accessToken: Secret,
): Promise<ProbeReading> {
  const outcome =
    (await requestOwner(context, target, accessToken)) ?? (await identify(context, target, accessToken, target.scopes));
  return outcome.ok ? { ok: true } : outcome;
}
