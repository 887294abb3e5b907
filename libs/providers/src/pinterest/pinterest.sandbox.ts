import { days, minutes, seconds } from '#config';
import {
  authenticateClient,
  bearerOf,
  defineSandbox,
  type Endpoint,
  holderOf,
  type Issued,
  need,
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
import { pinterestSandboxPublishing } from './pinterest-publish.sandbox.js';

/** Pinterest's scopes: the v5 description (5.23), read in November 2026. */
const scopes = {
  'user_accounts:read': 'See your user accounts and followers',
  'user_accounts:write': 'Update your user accounts and followers',
  'boards:read': 'See your public boards, including group boards you join',
  'boards:read_secret': 'See your secret boards',
  'boards:write': 'Create, update, or delete your public boards',
  'boards:write_secret': 'Create, update, or delete your secret boards',
  'pins:read': 'See your public Pins',
  'pins:read_secret': 'See your secret Pins',
  'pins:write': 'Create, update, or delete your public Pins',
  'pins:write_secret': 'Create, update, or delete your secret Pins',
  'ads:read': 'See all of your advertising data, including ads, ad groups, campaigns etc.',
  'ads:write': 'Create, update, or delete ads, ad groups, campaigns etc.',
  'biz_access:read': 'See business access data',
  'catalogs:read': 'See all of your catalogs data',
  'catalogs:write': 'Create, update, or delete your catalogs data',
};

/** Clients come with HTTP Basic; a secret in the form does not count. */
function basicClient({ authorization }: SandboxRequest, platform: Platform): string {
  const basic = readBasic(authorization);
  if (!basic) throw new Refusal('missing_client_authentication');
  return authenticateClient(platform, basic.id, basic.secret);
}

const tokenAnswer = (issued: Issued, { notes, state }: Platform): object => ({
  access_token: issued.accessToken,
  response_type: notes.grantType,
  token_type: 'bearer',
  expires_in: issued.expiresIn,
  scope: issued.scopes.join(' '),
  ...(issued.refreshToken && {
    refresh_token: issued.refreshToken,
    refresh_token_expires_in: issued.refreshExpiresIn,
    refresh_token_expires_at: Math.floor(state.clock.now() / seconds(1)) + issued.refreshExpiresIn,
  }),
});

function userAccount({ authorization }: SandboxRequest, platform: Platform): SandboxAnswer {
  const grant = holderOf(platform, bearerOf(authorization));
  if (!grant.scopes.includes('user_accounts:read')) throw new Refusal('missing_scope', 'user_accounts:read');
  const persona = personaOf(grant);
  const body = {
    id: persona.number,
    username: persona.handle,
    account_type: 'BUSINESS',
    business_name: persona.displayName,
    profile_image: platform.avatarUrl(persona),
    about: persona.story,
    board_count: 1,
    pin_count: 0,
  };
  return { status: 200, body };
}

type Words = (subject: string) => SandboxAnswer;

const refused = (status: number, code: number, message: string): SandboxAnswer => ({ status, body: { code, message } });
const unauthenticated: Words = () => refused(401, 2, 'Authentication failed.');
/** For codes and refresh tokens alike; the status is that of the one report. */
const invalidGrant: Words = () => refused(401, 283, 'The authorization grant is invalid');

/** How a request that lacks something is worded was not found, nor how a suspended person's tokens are answered: as revoked ones. */
const oauthErrors: Partial<Record<RefusalReason, Words>> = {
  missing_parameter: (name) => refused(400, 1, `Missing required parameter: ${name}`),
  unsupported_grant_type: () => refused(400, 1, 'Invalid grant_type'),
  missing_client_authentication: unauthenticated,
  /** In `data`: github.com/pinterest/pinterest-api-demo/issues/16. */
  unknown_client: () => ({
    status: 400,
    body: { code: 283, message: 'The authorization grant is invalid', data: 'Invalid Application ID' },
  }),
  wrong_client_secret: unauthenticated,
  /** It is not documented that Pinterest reports when the limit ends; the sandbox does. */
  too_many_requests: () => ({
    ...refused(
      429,
      8,
      'This request exceeded a rate limit. This can happen if the client exceeds one\nof the published rate limits within a short time window.',
    ),
    headers: { 'retry-after': '20' },
  }),
  server_error: () => refused(500, 500, 'Something went wrong on our end. Sorry about that.'),
};

const apiErrors: Partial<Record<RefusalReason, Words>> = {
  missing_scope: () =>
    refused(
      401,
      3,
      'Your token does not have sufficient permissions to perform this operation. Please ensure your token is authorized with the correct set of scopes.',
    ),
};

const refuseOauth = ({ reason, subject }: Refusal): SandboxAnswer => (oauthErrors[reason] ?? invalidGrant)(subject);
const refuseApi = ({ reason, subject }: Refusal): SandboxAnswer => (apiErrors[reason] ?? unauthenticated)(subject);

const api = (path: string): string => `https://api.pinterest.com/v5${path}`;
const endpoints: readonly Endpoint[] = [
  {
    endpoint: 'token',
    method: 'POST',
    url: api('/oauth/token'),
    handle: tokenEndpoint({ client: basicClient, answer: tokenAnswer }),
    refuse: refuseOauth,
  },
  { endpoint: 'identity', method: 'GET', url: api('/user_account'), handle: userAccount, refuse: refuseApi },
];

/** Pinterest as its v5 description and public bug reports have it; what no source describes is as strict as elsewhere. */
export const pinterestSandbox = defineSandbox({
  name: 'pinterest',
  title: 'Pinterest',
  scopes,
  impossiblePersonas: {
    'partial-consent': 'no source states that Pinterest lets people leave a permission out',
    'no-refresh-token': 'Pinterest always gives one',
    'password-changed': 'no source states what Pinterest does with tokens then',
    checkpoint: 'no source states what Pinterest answers then',
  },
  tokens: {
    codeLife: minutes(10),
    accessLife: minutes(2),
    refreshLife: days(60),
    grace: 0,
    familyRevocation: false,
    refreshEndsOldAccess: false,
    oneGrantPerPerson: false,
    newAccessToken: () => `pina_${randomText(88)}`,
    newRefreshToken: () => `pinr.${randomText(88)}`,
  },
  authorize: {
    url: 'https://www.pinterest.com/oauth/',
    read(query) {
      if (need(query, 'response_type') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      return {
        clientId: need(query, 'client_id'),
        redirectUri: need(query, 'redirect_uri'),
        scopes: readScopes(need(query, 'scope'), ',', scopes),
        ...(query.state && { state: query.state }),
      };
    },
    approved: (code) => ({ code }),
    denied: () => ({ error: 'access_denied' }),
    newCode: () => randomText(40),
  },
  endpoints,
  publishing: pinterestSandboxPublishing,
});
