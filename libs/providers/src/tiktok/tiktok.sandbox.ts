import { randomBytes } from 'node:crypto';
import { days, minutes } from '#config';
import {
  authenticateClient,
  bearerOf,
  type Challenge,
  defineSandbox,
  type Endpoint,
  grantOfToken,
  holderOf,
  type Issued,
  need,
  type Parameters,
  type Persona,
  personaOf,
  type Platform,
  randomText,
  readScopes,
  Refusal,
  type RefusalReason,
  type SandboxAnswer,
  type SandboxRequest,
  stableUuid,
  tokenEndpoint,
} from '../sandbox/index.js';
import { tiktokSandboxPublishing } from './tiktok-publish.sandbox.js';
import { tiktokSandboxPush } from './tiktok-push.sandbox.js';

/** TikTok's scopes: developers.tiktok.com/doc/tiktok-api-scopes, read in November 2026. */
const scopes = {
  'user.info.basic': 'See your display name and avatar',
  'user.info.profile': 'See your username, bio and profile link',
  'user.info.stats': 'See your follower, like and video counts',
  'video.list': 'See your public videos',
  'video.upload': 'Send drafts to your inbox',
  'video.publish': 'Post for you',
};

const LONGEST_REDIRECT_URI = 512;
const LOOPBACK = /^(localhost|127\.0\.0\.1)$/;

/** A desktop app's redirect URI is on loopback with a port; a web app's is https. No query, no fragment. */
function readRedirectUri(query: Parameters): URL {
  const text = need(query, 'redirect_uri');
  const wrong = new Refusal('invalid_parameter', 'redirect_uri');
  if (text.length >= LONGEST_REDIRECT_URI || !URL.canParse(text)) throw wrong;
  const uri = new URL(text);
  const allowed = LOOPBACK.test(uri.hostname) ? uri.port !== '' : uri.protocol === 'https:';
  if (!allowed || /[?#]/.test(text)) throw wrong;
  return uri;
}

/**
 * Desktop apps must send a challenge, in lower-case hex (developers.tiktok.com/doc/login-kit-desktop). For web apps it is
 * optional and no document states how it is written, so both ways are taken there.
 */
function readChallenge(query: Parameters, redirectUri: URL): Challenge | undefined {
  const value = query.code_challenge;
  const desktop = LOOPBACK.test(redirectUri.hostname);
  if (!value && desktop) throw new Refusal('missing_challenge', 'code_challenge');
  if (!value) return undefined;
  if (query.code_challenge_method !== 'S256') throw new Refusal('invalid_parameter', 'code_challenge_method');
  return { value, forms: desktop ? ['hex-s256'] : ['hex-s256', 'base64url-s256'] };
}

const bodyClient = ({ form }: SandboxRequest, platform: Platform): string =>
  authenticateClient(platform, need(form, 'client_key'), need(form, 'client_secret'));

/** The id of a person is another one for each app; that of all apps of one developer is the same. */
const openId = (clientId: string, persona: Persona): string => stableUuid('open_id', clientId, persona.number);
const unionId = (persona: Persona): string => stableUuid('union_id', persona.number);

const tokenAnswer = (issued: Issued): object => ({
  access_token: issued.accessToken,
  expires_in: issued.expiresIn,
  open_id: openId(issued.clientId, issued.persona),
  refresh_expires_in: issued.refreshExpiresIn,
  ...(issued.refreshToken && { refresh_token: issued.refreshToken }),
  scope: issued.scopes.join(','),
  token_type: 'Bearer',
});

/** A token of the app itself; no call of this sandbox takes it. */
const clientAccessToken = (): object => ({
  access_token: `clt.${randomText(36)}`,
  expires_in: 7_200,
  token_type: 'Bearer',
});

/** Takes the access token, and the app vanishes from the person's connected apps. */
/** Takes an access token that has not ended, and no refresh token (docs/en/oauth-revoke-access, 2026-11-02). */
function revoke(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const token = need(request.form, 'token');
  if (!grantOfToken(platform, bodyClient(request, platform), token)) throw new Refusal('unknown_token');
  platform.state.endGrant(holderOf(platform, token));
  return { status: 200, body: {} };
}

type Field = readonly [scope: keyof typeof scopes, value: (persona: Persona, platform: Platform) => string | boolean];
const avatar: Field = ['user.info.basic', (persona, platform) => platform.avatarUrl(persona)];
const userFields: Readonly<Record<string, Field>> = {
  open_id: ['user.info.basic', (persona, { notes }) => openId(notes.clientId ?? '', persona)],
  union_id: ['user.info.basic', unionId],
  avatar_url: avatar,
  avatar_url_100: avatar,
  avatar_large_url: avatar,
  display_name: ['user.info.basic', (persona) => persona.displayName],
  username: ['user.info.profile', (persona) => persona.handle],
  bio_description: ['user.info.profile', (persona) => persona.story],
  is_verified: ['user.info.profile', () => false],
};

function userInfo({ authorization, query }: SandboxRequest, platform: Platform): SandboxAnswer {
  const grant = holderOf(platform, bearerOf(authorization));
  const user = need(query, 'fields')
    .split(',')
    .map((name) => {
      const field = Object.hasOwn(userFields, name) ? userFields[name] : undefined;
      if (!field) throw new Refusal('invalid_parameter', 'fields');
      const [scope, value] = field;
      if (!grant.scopes.includes(scope)) throw new Refusal('missing_scope', scope);
      return [name, value(personaOf(grant), platform)] as const;
    });
  return { status: 200, body: { data: { user: Object.fromEntries(user) }, error: apiError('ok', '') } };
}

/** TikTok's own: the time, then hex. */
const logId = (): string =>
  new Date().toISOString().replace(/\D/g, '').slice(0, 14) + randomBytes(9).toString('hex').toUpperCase();

const apiError = (code: string, message: string): object => ({ code, message, log_id: logId() });

/** Only the body reports an error: clients that relied on the status stored error bodies as tokens. */
const oauthError = (error: string, description: string, status = 200): SandboxAnswer => ({
  status,
  body: { error, error_description: description, log_id: logId() },
});

const oauthErrors: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  missing_parameter: (name) =>
    oauthError('invalid_request', `The request parameters are malformed: ${name} is missing.`),
  unsupported_grant_type: () => oauthError('unsupported_grant_type', 'Grant type is not supported.'),
  unknown_client: () => oauthError('invalid_client', 'Client key or secret is incorrect.'),
  wrong_client_secret: () => oauthError('invalid_client', 'Client key or secret is incorrect.'),
  unknown_code: () => oauthError('invalid_grant', 'Authorization code is invalid.'),
  reused_code: () => oauthError('invalid_grant', 'Authorization code is expired.'),
  late_code: () => oauthError('invalid_grant', 'Authorization code is expired.'),
  wrong_redirect: () => oauthError('invalid_request', 'Redirect_uri is not matched with the uri when requesting code.'),
  wrong_verifier: () => oauthError('invalid_request', 'Code verifier or code challenge is invalid.'),
  too_many_requests: () => ({
    ...oauthError('rate_limit_exceeded', 'The API rate limit was exceeded.', 429),
    headers: { 'retry-after': '20' },
  }),
  server_error: () => oauthError('internal_error', 'Internal server error.', 500),
};
const invalidGrant = (): SandboxAnswer => oauthError('invalid_grant', 'Refresh token is invalid or expired.');

const apiAnswer = (status: number, code: string, message: string): SandboxAnswer => ({
  status,
  body: { data: {}, error: apiError(code, message) },
});
const apiErrors: Partial<Record<RefusalReason, (subject: string) => SandboxAnswer>> = {
  missing_scope: () =>
    apiAnswer(
      401,
      'scope_not_authorized',
      'The user did not authorize the scope required for completing this request.',
    ),
  missing_parameter: () => apiAnswer(400, 'invalid_params', 'Fields is required.'),
  invalid_parameter: () => apiAnswer(400, 'invalid_params', 'Invalid fields are present in the request.'),
};
const invalidAccess = (): SandboxAnswer =>
  apiAnswer(401, 'access_token_invalid', 'The access token is invalid or not found in the request.');

const refuseOauth = ({ reason, subject }: Refusal): SandboxAnswer => (oauthErrors[reason] ?? invalidGrant)(subject);
const refuseApi = ({ reason, subject }: Refusal): SandboxAnswer => (apiErrors[reason] ?? invalidAccess)(subject);

const api = (path: string): string => `https://open.tiktokapis.com/v2${path}`;
const token = tokenEndpoint({ client: bodyClient, answer: tokenAnswer, clientCredentials: clientAccessToken });
const endpoints: readonly Endpoint[] = [
  { endpoint: 'token', method: 'POST', url: api('/oauth/token/'), handle: token, refuse: refuseOauth },
  { endpoint: 'revoke', method: 'POST', url: api('/oauth/revoke/'), handle: revoke, refuse: refuseOauth },
  { endpoint: 'identity', method: 'GET', url: api('/user/info/'), handle: userInfo, refuse: refuseApi },
];

/** TikTok as its documentation of November 2026 and public bug reports describe it. */
export const tiktokSandbox = defineSandbox({
  name: 'tiktok',
  title: 'TikTok',
  scopes,
  impossiblePersonas: {
    'no-refresh-token': 'TikTok always gives one',
    'password-changed': 'no source states what TikTok does with tokens then',
    checkpoint: "no source states what TikTok's token endpoint answers then",
  },
  tokens: {
    codeLife: minutes(5),
    accessLife: minutes(2),
    refreshLife: days(180),
    grace: 0,
    familyRevocation: false,
    refreshEndsOldAccess: false,
    oneGrantPerPerson: false,
    newAccessToken: () => `act.${randomText(36)}!5032.va`,
    newRefreshToken: () => `rft.${randomText(36)}!5032.va`,
  },
  authorize: {
    url: 'https://www.tiktok.com/v2/auth/authorize/',
    read(query) {
      if (need(query, 'response_type') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      const redirectUri = readRedirectUri(query);
      const challenge = readChallenge(query, redirectUri);
      return {
        clientId: need(query, 'client_key'),
        redirectUri: need(query, 'redirect_uri'),
        scopes: readScopes(need(query, 'scope'), ',', scopes),
        ...(query.state && { state: query.state }),
        ...(challenge && { challenge }),
      };
    },
    approved: (code, granted) => ({ code, scopes: granted.join(',') }),
    denied: () => ({ error: 'access_denied', error_description: 'The user denied the request' }),
    // The real ones carry characters that arrive encoded, so a client that does not decode them fails.
    newCode: () => `${randomText(36)}*3!5032.va`,
  },
  endpoints,
  push: tiktokSandboxPush(openId),
  publishing: tiktokSandboxPublishing,
});
