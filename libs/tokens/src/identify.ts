import type { Secret } from '#observability';
import { type Failure, type Identity, type IdentityOutcome, providerOf, readIdentityAnswer } from '#providers';
import { callApi, type ApiTarget } from './call-api.js';
import type { TokenContext } from './token-context.js';
import { reportAppFailure, reportAppSuccess } from './store/apps.js';
import type { ExchangedAttempt } from './grants/adopt-grant.js';
import { listProfiles, type ProfileList } from './grants/profiles.js';

/** Identifies the owner of an access token. No answer counts as a temporary failure. */
export function identify(
  context: Pick<TokenContext, 'client' | 'logger'>,
  target: ApiTarget,
  accessToken: Secret,
  scopes: readonly string[],
): Promise<IdentityOutcome> {
  const provider = providerOf(target.provider);
  const request = provider.identity.request(accessToken, scopes);
  return callApi(context, target, request, (answer) => readIdentityAnswer(provider, answer));
}

/** Whose a token set is and, where one consent opens several accounts, which. */
export type AttemptIdentity =
  { ok: true; identity: Identity; list: ProfileList | undefined } | Extract<IdentityOutcome, { ok: false }>;

/** Identifies the owner of the token set in an attempt. Undefined: there is none any more. */
export async function identifyAttempt(
  context: TokenContext,
  attempt: ExchangedAttempt,
): Promise<AttemptIdentity | undefined> {
  const tokens = await context.vault.openAttemptTokens(context.pool, attempt);
  if (!tokens) return undefined;
  const outcome = await identify(context, attempt, tokens.accessToken, tokens.scopes ?? attempt.scopes);
  if (!outcome.ok) return refused(context, attempt, outcome.failure);
  const listed = await listProfiles(context, attempt, tokens.accessToken);
  if (listed && !listed.ok) return refused(context, attempt, listed.failure);
  // An accepted code proves less: the platform may refuse the app at its API alone.
  await reportAppSuccess(context.pool, attempt.oauthAppId);
  return { ...outcome, list: listed?.list };
}

/** A finding about the app concerns all its accounts. */
async function refused(
  context: TokenContext,
  { oauthAppId }: ExchangedAttempt,
  failure: Failure,
): Promise<Extract<AttemptIdentity, { ok: false }>> {
  await reportAppFailure(context.pool, oauthAppId, failure);
  return { ok: false, failure };
}
