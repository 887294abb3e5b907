import { CodedError, type ErrorDetails } from '#observability';
import { publicId } from '#persistence';
import type { RefreshOutcome } from '#tokens';

const SEAL_RETRY_AFTER_SECONDS = 60;

const refused = (code: string, field: string, message: string, details: ErrorDetails = {}): CodedError =>
  new CodedError(code, `The field ${field} ${message}.`, { fields: [{ field, message }], details });

export const accountNotFound = (): CodedError => new CodedError('account.not_found', 'There is no such account.');
export const attemptNotFound = (): CodedError => new CodedError('attempt.not_found', 'There is no such attempt.');
export const attemptNotSelectable = (): CodedError =>
  new CodedError('attempt.not_selectable', 'The attempt does not wait for a selection, or its ten minutes are over.');
export const attemptNotConfirmable = (): CodedError =>
  new CodedError('attempt.not_confirmable', 'The attempt waits for no confirmation, or its ten minutes are over.');
export const confirmationMismatch = (field: string): CodedError =>
  refused('attempt.confirmation_mismatch', field, 'does not belong to this attempt; its tokens were destroyed');
export const userRefMissing = (): CodedError =>
  refused('user_ref.missing', 'user_ref', 'is needed: the OAuth app has completion "confirm"');
export const reauthLinkNotFound = (): CodedError => new CodedError('reauth_link.not_found', 'There is no such link.');
export const reauthLinkEnded = (): CodedError =>
  new CodedError('reauth_link.ended', 'The link was used, or its time is over.');
export const oauthAppNotFound = (): CodedError => new CodedError('oauth_app.not_found', 'There is no such OAuth app.');
export const unknownOAuthApp = (): CodedError =>
  refused('oauth_app.not_found', 'oauth_app_id', 'is not an OAuth app of this platform, workspace and environment');
export const oauthAppInUse = (): CodedError =>
  new CodedError(
    'oauth_app.in_use',
    'Accounts are connected through this OAuth app; with force=true they stay and cannot be refreshed any more.',
  );
export const oauthAppExists = (): CodedError => {
  const message = 'belongs to an OAuth app of this platform that exists already; change that one with PATCH';
  return refused('oauth_app.exists', 'client_id', message);
};
export const tooManyOAuthApps = (limit: number): CodedError =>
  new CodedError(
    'oauth_app.limit_reached',
    `There are ${limit} OAuth apps in this environment already; delete one that is not needed.`,
  );
export const unknownProvider = (known: readonly string[], meant?: string): CodedError =>
  refused(
    'provider.unknown',
    'provider',
    `must be one of ${known.join(', ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`,
  );
export const providerLiveOnly = (): CodedError =>
  refused('provider.live_only', 'provider', 'has no imitation in the sandbox, so it needs a live key');
/** A field names the project, so the input is wrong: 400 with the field on the accounts surface, 404 on the other one. */
export const unknownProject = (): CodedError =>
  refused('project.not_found', 'project_id', 'is not a project of this workspace and environment');
/** The path names the project, so nothing is there: 404 on both. */
export const projectNotFound = (): CodedError => new CodedError('project.unknown', 'There is no such project.');
export const defaultProjectStays = (): CodedError =>
  new CodedError('project.is_default', 'The default project of a workspace cannot be deleted.');
export const projectInUse = (sentence: string): CodedError => new CodedError('project.in_use', sentence);
export const returnUrlNotAllowed = (refusal: string): CodedError =>
  refused('return_url.not_allowed', 'return_url', refusal);
export const invalidScopes = (message: string, field: string): CodedError => refused('scopes.invalid', field, message);
export const invalidField = (field: string, message: string): CodedError =>
  refused('validation.failed', field, message);
export const invalidCursor = (): CodedError =>
  refused('cursor.invalid', 'cursor', 'is damaged, or belongs to another list or other filters');
/** `oldest`: of the events that are left, if there is one. */
export const eventGone = (oldest: string | undefined): CodedError =>
  new CodedError('event.gone', 'The event in after is unknown, or older than 30 days and no longer kept.', {
    details: { ...(oldest !== undefined && { oldestEventId: publicId('evt', oldest) }) },
  });
export const oauthAppMissing = (provider: string): CodedError =>
  new CodedError(
    'oauth_app.missing',
    `No OAuth app is registered for ${provider}; create one with POST /v1/oauth-apps.`,
  );
export const accountConnectedThere = (): CodedError =>
  new CodedError('account.connected_there', 'The same profile is connected in that project already.');
/** `platformCode`: the platform's own error code. */
export const credentialsRejected = (platformCode: string): CodedError =>
  refused('credentials.rejected', 'credentials.access_token', `is refused by the platform (${platformCode})`, {
    platformCode,
  });
export const profileMismatch = (): CodedError =>
  refused('credentials.mismatch', 'platform_account_id', 'is another profile than the one of credentials.access_token');
export const accountLeased = (): CodedError =>
  new CodedError('account.leased', 'The account is leased; release it instead.');
export const poolAccountNotFound = (): CodedError =>
  new CodedError('pool_account.not_found', 'There is no such account in the pool.');
export const poolAccountLeased = (): CodedError =>
  new CodedError('pool_account.leased', 'The account is leased; its lease ends first.');
export const poolStepRefused = (sentence: string): CodedError => new CodedError('pool_account.step_refused', sentence);
export const poolAccountNotAssignable = (sentence: string): CodedError =>
  new CodedError('pool_account.not_assignable', sentence);
export const poolAccountNotLeased = (): CodedError =>
  new CodedError('pool_account.not_leased', 'The account is not leased.');
/** `positions`: in the list of the request. Only the projects surface has this list, so the field has its casing. */
export const poolAccountsUnknown = (positions: readonly number[]): CodedError => {
  const message = 'is not in the pool of this environment';
  const fields = positions.map((position) => ({ field: `leasedAccountIds.${position}`, message }));
  return new CodedError('validation.failed', `The field ${fields[0]?.field} ${message}.`, { fields });
};
export const leaseRequestNotFound = (): CodedError =>
  new CodedError('lease_request.not_found', 'There is no such lease request.');
export const leaseRequestClosed = (sentence: string): CodedError => new CodedError('lease_request.closed', sentence);
export const accountNeedsReauth = (): CodedError =>
  new CodedError('account.needs_reauth', 'The grant of this account is gone; the person has to connect it again.');
export const refreshRefused = (): CodedError =>
  new CodedError('account.refresh_failed', 'The platform refused to refresh this account; it may need to reconnect.');
const notRefreshable = (): CodedError =>
  new CodedError(
    'account.not_refreshable',
    'There is nothing to refresh this account with; reconnect it before its token ends.',
  );
/** `platformCode`: the platform's own error code, where it answered. */
export const providerUnavailable = (retryAfter: number, platformCode?: string): CodedError =>
  new CodedError('provider.unavailable', 'The platform failed or has not answered; we retry by ourselves.', {
    retryAfter,
    ...(platformCode !== undefined && { details: { platformCode } }),
  });
/** Neither the client nor the platform can correct this: the operator has to. */
export const accountSealBroken = (retryAfter = SEAL_RETRY_AFTER_SECONDS): CodedError =>
  new CodedError(
    'account.seal_broken',
    'A stored secret of this account cannot be opened here. The operator of this service is alerted and has to act.',
    { retryAfter },
  );
/** The cause stays in the log: it names where the call went, without the query. */
export const noPlatformAnswer = (cause: unknown): CodedError =>
  new CodedError('provider.unavailable', 'The platform was not reached or did not answer in time.', { cause });
export const oauthAppPaused = (retryAfter: number): CodedError =>
  new CodedError('oauth_app.paused', 'The platform refuses the OAuth app at present; see its status.', { retryAfter });

export function throwIfRefused(outcome: RefreshOutcome): void {
  if (outcome.kind === 'refused') throw refreshRefused();
  if (outcome.kind === 'not_refreshable') throw notRefreshable();
  if (outcome.kind === 'unavailable')
    throw outcome.isSealBroken ? accountSealBroken(outcome.retryAfter) : providerUnavailable(outcome.retryAfter);
  if (outcome.kind === 'app_paused') throw oauthAppPaused(outcome.retryAfter);
}
