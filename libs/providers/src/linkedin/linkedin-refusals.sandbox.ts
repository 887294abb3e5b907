import type { Refusal, RefusalReason, SandboxAnswer } from '../sandbox/index.js';

type Words = (subject: string) => SandboxAnswer;

const oauthError = (status: number, error: string, description: string): SandboxAnswer => ({
  status,
  body: { error, error_description: description },
});

const wrongClient: Words = () => oauthError(401, 'invalid_client', 'Client authentication failed');
/** One sentence for all that can be wrong with a code that is known. */
const wrongCode: Words = () =>
  oauthError(
    400,
    'invalid_redirect_uri',
    'Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code.' +
      ' Or authorization code expired. Or external member binding exists',
  );
const revokedToken: Words = () =>
  oauthError(
    400,
    'invalid_request',
    'The provided authorization grant or refresh token is invalid, expired or revoked',
  );

/** The texts of the authorization-code-flow page, read in November 2026; where it has none, those of public bug reports. */
const oauthErrors: Partial<Record<RefusalReason, Words>> = {
  missing_parameter: (name) => oauthError(400, 'invalid_request', `A required parameter "${name}" is missing`),
  unsupported_grant_type: () =>
    oauthError(400, 'unsupported_grant_type', 'The authorization grant type is not supported'),
  unknown_client: () => oauthError(401, 'invalid_client_id', 'The passed in client_id is invalid'),
  wrong_client_secret: wrongClient,
  wrong_verifier: wrongClient,
  unknown_code: () =>
    oauthError(401, 'invalid_request', 'Unable to retrieve access token: authorization code not found'),
  reused_code: wrongCode,
  late_code: wrongCode,
  wrong_redirect: wrongCode,
  too_many_requests: () => ({
    ...problem(
      429,
      101,
      'TOO_MANY_REQUESTS',
      'Resource level throttle MEMBER limit for calls to this resource is reached.',
    ),
    headers: { 'retry-after': '20' },
  }),
  server_error: () => problem(500, 0, 'INTERNAL_SERVER_ERROR', 'Internal Server Error'),
};

/** Every other refusal of a token request concerns its refresh token. */
export const refuseOauth = ({ reason, subject }: Refusal): SandboxAnswer =>
  (oauthErrors[reason] ?? revokedToken)(subject);

/** 400 for a token that LinkedIn never issued; introspection of a revoked token is no error. */
export const refuseIntrospection = (refusal: Refusal): SandboxAnswer =>
  refusal.reason === 'unknown_token' ? oauthError(400, 'invalid_request', 'Invalid token') : refuseOauth(refusal);

export const problem = (status: number, serviceErrorCode: number, code: string, message: string): SandboxAnswer => ({
  status,
  body: { status, serviceErrorCode, code, message },
});

const revoked: Words = () =>
  problem(401, 65601, 'REVOKED_ACCESS_TOKEN', 'The token used in the request has been revoked by the user');

/** How a restricted member's token is answered was not found: as a revoked one. */
const apiErrors: Partial<Record<RefusalReason, Words>> = {
  missing_client_authentication: () => ({
    status: 401,
    body: { message: 'Empty oauth2_access_token', serviceErrorCode: 401, status: 401 },
  }),
  expired_token: () => problem(401, 65602, 'EXPIRED_ACCESS_TOKEN', 'The token used in the request has expired'),
  revoked_token: revoked,
  revoked_grant: revoked,
  suspended_user: revoked,
  missing_scope: (resource) => problem(403, 100, 'ACCESS_DENIED', `Not enough permissions to access: ${resource}`),
};
const invalidAccess: Words = () => problem(401, 65600, 'INVALID_ACCESS_TOKEN', 'Invalid access token');

export const refuseApi = ({ reason, subject }: Refusal): SandboxAnswer => (apiErrors[reason] ?? invalidAccess)(subject);
