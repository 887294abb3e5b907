import { CONNECTION_PROBLEMS, type ErrorDetails, type FieldProblem } from '#observability';

/**
 * The HTTP status of each error code and the sentence in its documentation. A code without an entry is a defect: the response
 * is `internal`.
 */
export const PROBLEM_CODES = {
  ...CONNECTION_PROBLEMS,
  'validation.failed': [400, 'limit must be between 1 and 100.'],
  'path.malformed': [400, 'The path names no id.'],
  'body.malformed': [400, 'The body is not valid JSON.'],
  'value.refused': [400, 'The request contains a value that cannot be stored.'],
  'cursor.invalid': [400, 'The cursor is damaged or belongs to another list.'],
  'state.untrusted': [400, 'The state was changed, is not one of this service, or belongs to another address.'],
  'environment.contradiction': [400, 'X-Environment is live, but the API key belongs to test.'],
  'oauth_app.missing': [400, 'There is no OAuth app for this platform yet.'],
  'webhook.url_refused': [
    400,
    'The field url must lead to a public address; the operator of this service can allow others.',
  ],
  'return_url.not_allowed': [400, "return_url is not covered by the app's allowed_return_urls."],
  'project.not_found': [400, 'project_id names no project.'],
  'provider.unknown': [400, 'The field provider must be one of the platforms of this service.'],
  'provider.live_only': [400, 'The field provider has no imitation in the sandbox, so it needs a live key.'],
  'scopes.invalid': [400, 'scopes holds one that the platform does not have.'],
  'user_ref.missing': [400, 'The app requires a confirmation, so user_ref is needed.'],
  'proxy.path_not_allowed': [400, 'The path behind /proxy/ must have no dot segment.'],
  'credential.invalid': [401, 'A valid API key or dashboard token is needed, as Authorization: Bearer.'],
  'scope.missing': [403, 'The credential lacks the scope accounts:write.'],
  'credential.not_allowed': [403, 'Only a dashboard token may do this.'],
  'account.not_found': [404, 'There is no such account.'],
  'api_key.not_found': [404, 'There is no such API key.'],
  'attempt.not_found': [404, 'There is no such attempt.'],
  'deletion.not_found': [404, 'No deletion has this code.'],
  'project.unknown': [404, 'There is no such project.'],
  'pool_account.not_found': [404, 'There is no such account in the pool.'],
  'lease_request.not_found': [404, 'There is no such lease request.'],
  'webhook.not_found': [404, 'There is no such webhook.'],
  'delivery.not_found': [404, 'There is no such delivery.'],
  'reauth_link.not_found': [404, 'There is no such link.'],
  'oauth_app.not_found': [404, 'There is no such OAuth app.'],
  'route.not_found': [404, 'There is nothing at this path.'],
  'account.needs_reauth': [409, 'The grant of this account is gone; the person has to connect it again.'],
  'webhook.limit_reached': [409, 'A workspace has at most 50 webhooks in each environment.'],
  'webhook.disabled': [409, 'The webhook is disabled; set its status to active first.'],
  'account.leased': [409, 'The account is leased.'],
  'account.connected_there': [409, 'The same profile is connected in that project already.'],
  'pool_account.leased': [409, 'The account is leased; its lease ends first.'],
  'pool_account.not_leased': [409, 'The account is not leased.'],
  'pool_account.step_refused': [409, 'The step profile is done before the step warmup.'],
  'pool_account.not_assignable': [409, 'An account of the pool is not ready.'],
  'lease_request.closed': [409, 'The lease request is rejected already.'],
  'project.is_default': [409, 'The default project of a workspace cannot be deleted.'],
  'project.in_use': [409, 'Accounts are connected in this project; disconnect or move them first.'],
  'account.not_refreshable': [409, 'There is nothing to refresh this account with.'],
  'account.refresh_failed': [409, 'The platform refused the grant.'],
  'attempt.not_selectable': [409, 'The attempt does not wait for a selection, or its ten minutes are over.'],
  'attempt.not_confirmable': [409, 'The attempt waits for no confirmation, or its ten minutes are over.'],
  'attempt.confirmation_mismatch': [
    409,
    'The field connect_token does not belong to this attempt; its tokens were destroyed.',
  ],
  'oauth_app.exists': [
    409,
    'The field client_id belongs to an OAuth app of this platform that exists already; change that one with PATCH.',
  ],
  'oauth_app.limit_reached': [
    409,
    'There are 100 OAuth apps in this environment already; delete one that is not needed.',
  ],
  'oauth_app.in_use': [409, 'Accounts are connected through this OAuth app.'],
  'idempotency.key_reused': [409, 'This Idempotency-Key was used with another body; take a new one.'],
  'idempotency.running': [409, 'The request with this Idempotency-Key is still running.'],
  'idempotency.secret_shown_once': [409, 'This was done; the secret in its answer is shown once and not kept.'],
  'event.gone': [410, 'The event in after is unknown, or older than 30 days and no longer kept.'],
  'reauth_link.ended': [410, 'The link was used, or its time is over.'],
  'body.too_large': [413, 'The body is larger than 102400 bytes.'],
  'body.unsupported': [415, 'The body must be application/json in UTF-8, without compression.'],
  'credentials.rejected': [422, 'The field credentials.access_token is refused by the platform (http_401).'],
  'credentials.mismatch': [
    422,
    'The field platform_account_id is another profile than the one of credentials.access_token.',
  ],
  'rate_limit.exceeded': [429, 'Too many requests of the class read; try again in 20 seconds.'],
  internal: [500, 'Something went wrong on our side.'],
  'http_version.unsupported': [505, 'Only HTTP/1.1 and HTTP/1.0 are spoken here.'],
  'provider.unavailable': [502, 'The platform failed or did not answer in time.'],
  'account.seal_broken': [503, 'A stored secret of this account cannot be opened; the operator has to act.'],
  'database.unavailable': [503, 'The database cannot be reached at the moment.'],
  'database.busy': [503, 'Too many requests wait for the database; try again in a second.'],
  'oauth_app.paused': [503, 'The OAuth app is paused.'],
  'queue.unavailable': [503, 'The queue cannot be reached at the moment.'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>;

export type ProblemCode = keyof typeof PROBLEM_CODES;

export const isProblemCode = (code: string | undefined): code is ProblemCode =>
  code !== undefined && Object.hasOwn(PROBLEM_CODES, code);

/** The meaning of an error for the client. */
export interface Problem {
  code: ProblemCode;
  status: number;
  detail: string;
  fields: FieldProblem[];
  details?: ErrorDetails;
  /** Seconds. */
  retryAfter?: number | undefined;
}
