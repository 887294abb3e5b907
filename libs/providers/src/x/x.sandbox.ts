import { days, minutes, seconds } from '#config';
import {
  authenticateClient,
  bearerOf,
  type Challenge,
  defineSandbox,
  endAccessToken,
  type Endpoint,
  grantOfToken,
  holderOf,
  isAccessToken,
  type Issued,
  need,
  type Parameters,
  type Persona,
  personaOf,
  type Platform,
  randomText,
  readBasic,
  readScopes,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxRequest,
  tokenEndpoint,
} from '../sandbox/index.js';
import { xSandboxPublishing } from './x-publish.sandbox.js';
import { xSandboxPush } from './x-push.sandbox.js';

/** X's scopes: docs.x.com, fundamentals/authentication/oauth-2-0/authorization-code, read in November 2026. */
const scopes = {
  'tweet.read': 'See posts you can see',
  'users.read': 'See your profile and those you can see',
  'tweet.write': 'Post and repost for you',
  'media.write': 'Upload media for you',
  'offline.access': 'Stay connected until you revoke its access',
  'users.email': 'See your e-mail address',
  'tweet.moderate.write': 'Hide and unhide replies to your posts',
  'follows.read': 'See whom you follow and who follows you',
  'follows.write': 'Follow and unfollow for you',
  'like.read': 'See posts you liked',
  'like.write': 'Like and unlike for you',
  'list.read': 'See your lists',
  'list.write': 'Change your lists',
  'bookmark.read': 'See your bookmarks',
  'bookmark.write': 'Change your bookmarks',
  'block.read': 'See whom you blocked',
  'block.write': 'Block and unblock for you',
  'mute.read': 'See whom you muted',
  'mute.write': 'Mute and unmute for you',
  'space.read': 'See Spaces you can see',
  'dm.read': 'See your direct messages',
  'dm.write': 'Send direct messages for you',
};

const LONGEST_STATE = 500;

function readChallenge(query: Parameters): Challenge {
  const value = query.code_challenge;
  // Clients in the wild write the method in lower case, and X takes it.
  const method = (query.code_challenge_method ?? 'plain').toLowerCase();
  if (!value) throw new Refusal('missing_challenge', 'code_challenge');
  if (method !== 's256' && method !== 'plain') throw new Refusal('invalid_parameter', 'code_challenge_method');
  return { value, forms: [method === 's256' ? 'base64url-s256' : 'plain'] };
}

/** Confidential clients come with HTTP Basic; a secret in the body does not count. */
function basicClient({ authorization, form }: SandboxRequest, platform: Platform): string {
  const basic = readBasic(authorization);
  if (!basic) throw new Refusal('missing_client_authentication', need(form, 'client_id'));
  if (form.client_id && form.client_id !== basic.id) throw new Refusal('invalid_parameter', 'client_id');
  return authenticateClient(platform, basic.id, basic.secret);
}

const tokenAnswer = (issued: Issued): object => ({
  token_type: 'bearer',
  expires_in: issued.expiresIn,
  access_token: issued.accessToken,
  scope: issued.scopes.join(' '),
  ...(issued.refreshToken && { refresh_token: issued.refreshToken }),
});

/** The refresh token takes the whole grant with it; an access token only itself. X distinguishes neither, nor unknown ones. */
function revoke(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const clientId = basicClient(request, platform);
  const token = need(request.form, 'token');
  const grant = grantOfToken(platform, clientId, token);
  if (grant && isAccessToken(grant, token)) endAccessToken(platform, grant, token);
  else if (grant) platform.state.endGrant(grant);
  return { status: 200, body: { revoked: true } };
}

const optionalFields: Readonly<Record<string, (persona: Persona, platform: Platform) => string | boolean>> = {
  profile_image_url: (persona, platform) => platform.avatarUrl(persona),
  verified: () => false,
  verified_type: () => 'none',
  protected: () => false,
  subscription_type: () => 'None',
};

function usersMe({ authorization, query }: SandboxRequest, platform: Platform): SandboxAnswer {
  const grant = holderOf(platform, bearerOf(authorization));
  const missing = ['tweet.read', 'users.read'].find((scope) => !grant.scopes.includes(scope));
  if (missing) throw new Refusal('missing_scope', missing);
  const persona = personaOf(grant);
  const requested = (query['user.fields'] ?? '').split(',');
  const extra = Object.entries(optionalFields).filter(([field]) => requested.includes(field));
  const fields = extra.map(([field, value]) => [field, value(persona, platform)] as const);
  const data = {
    id: persona.number,
    name: persona.displayName,
    username: persona.handle,
    ...Object.fromEntries(fields),
  };
  return { status: 200, body: { data } };
}

const oauthError = (status: number, error: string, description: string): SandboxAnswer => ({
  status,
  body: { error, error_description: description },
});

const noAuthorization = (): SandboxAnswer =>
  oauthError(401, 'unauthorized_client', 'Missing valid authorization header');
const invalidCode = (): SandboxAnswer =>
  oauthError(400, 'invalid_request', 'Value passed for the authorization code was invalid.');
const invalidToken = (): SandboxAnswer => oauthError(400, 'invalid_request', 'Value passed for the token was invalid.');

/** X answers `invalid_request` where RFC 6749 has `invalid_grant`; the texts are those seen in public bug reports. */
const oauthErrors: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  missing_parameter: (name) => oauthError(400, 'invalid_request', `Missing required parameter [${name}].`),
  invalid_parameter: (name) =>
    oauthError(400, 'invalid_request', `Value passed for the parameter [${name}] was invalid.`),
  unsupported_grant_type: () =>
    oauthError(400, 'unsupported_grant_type', 'Value passed for the grant type was invalid.'),
  missing_client_authentication: noAuthorization,
  wrong_client_secret: noAuthorization,
  unknown_client: () => oauthError(401, 'invalid_client', 'Client authentication failed'),
  unknown_code: invalidCode,
  reused_code: invalidCode,
  late_code: invalidCode,
  wrong_redirect: () =>
    oauthError(
      400,
      'invalid_request',
      'Value passed for the redirect uri did not match the uri of the authorization code.',
    ),
  wrong_verifier: () =>
    oauthError(400, 'invalid_request', 'Value passed for the code verifier did not match the code challenge.'),
  too_many_requests: () => tooMany(),
  server_error: () => problem(503, 'Service Unavailable', 'Service Unavailable'),
};
const WINDOW_ENDS_IN = seconds(20);

/** A window of the platform is a quarter of an hour; this one is about to end, so that its end is seen. */
const tooMany = (): SandboxAnswer => ({
  ...problem(429, 'Too Many Requests', 'Too Many Requests'),
  headers: {
    'x-rate-limit-reset': `${Math.ceil((Date.now() + WINDOW_ENDS_IN) / seconds(1))}`,
    'x-rate-limit-remaining': '0',
  },
});

const refuseOauth = ({ reason, subject }: Refusal): SandboxAnswer => (oauthErrors[reason] ?? invalidToken)(subject);

const problem = (status: number, title: string, detail: string, type = 'about:blank'): SandboxAnswer => ({
  status,
  body: { title, type, status, detail },
});
const problemType = (name: string): string => `https://api.twitter.com/2/problems/${name}`;

const apiErrors: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  suspended_user: () =>
    problem(403, 'Forbidden', 'The user used for authentication is suspended', problemType('user-suspended')),
  credits_depleted: () =>
    problem(
      402,
      'CreditsDepleted',
      'Your enrolled account does not have any credits to fulfill this request.',
      problemType('credits'),
    ),
  missing_scope: (scope) =>
    problem(
      403,
      'Forbidden',
      `The ${scope} scope is required for this request.`,
      problemType('not-authorized-for-resource'),
    ),
};
const refuseApi = ({ reason, subject }: Refusal): SandboxAnswer =>
  apiErrors[reason]?.(subject) ?? problem(401, 'Unauthorized', 'Unauthorized');

const api = (path: string): string => `https://api.x.com/2${path}`;
const token = tokenEndpoint({ client: basicClient, answer: tokenAnswer });
const endpoints: readonly Endpoint[] = [
  { endpoint: 'token', method: 'POST', url: api('/oauth2/token'), handle: token, refuse: refuseOauth },
  { endpoint: 'revoke', method: 'POST', url: api('/oauth2/revoke'), handle: revoke, refuse: refuseOauth },
  { endpoint: 'identity', method: 'GET', url: api('/users/me'), handle: usersMe, refuse: refuseApi },
];

/** X as its documentation of November 2026 and public bug reports describe it. */
export const xSandbox = defineSandbox({
  name: 'x',
  title: 'X',
  scopes,
  impossiblePersonas: {
    'partial-consent': 'X requests all permissions or none',
    'password-changed': 'no source states what X does with tokens then',
    checkpoint: "no source states what X's token endpoint answers then",
  },
  billsCalls: true,
  tokens: {
    codeLife: seconds(30),
    accessLife: minutes(2),
    refreshLife: days(180),
    grace: 0,
    familyRevocation: true,
    refreshEndsOldAccess: true,
    oneGrantPerPerson: true,
    refreshScope: 'offline.access',
    newAccessToken: () => `${randomText(48)}:1:at:1`,
    newRefreshToken: () => `${randomText(48)}:1:rt:1`,
  },
  authorize: {
    url: 'https://x.com/i/oauth2/authorize',
    read(query) {
      if (need(query, 'response_type') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      const state = query.state;
      if (state && state.length > LONGEST_STATE) throw new Refusal('invalid_parameter', 'state');
      return {
        clientId: need(query, 'client_id'),
        redirectUri: need(query, 'redirect_uri'),
        scopes: readScopes(need(query, 'scope'), ' ', scopes),
        challenge: readChallenge(query),
        ...(state && { state }),
      };
    },
    approved: (code) => ({ code }),
    denied: () => ({ error: 'access_denied' }),
    newCode: () => `${randomText(48)}:1:ac:1`,
  },
  endpoints,
  push: xSandboxPush,
  publishing: xSandboxPublishing,
});
