import { days, hours, minutes } from '#config';
import { graphSandboxPush } from '../graph-api/graph-push.sandbox.js';
import {
  authenticateClient,
  bearerOf,
  defineSandbox,
  type Endpoint,
  extendInPlace,
  hasQuirk,
  heldAccess,
  holderOf,
  issueLongToken,
  type IssuedAccess,
  issueShortToken,
  meetExtension,
  need,
  noteExtended,
  noRefreshTokens,
  type Parameters,
  type Persona,
  personaOf,
  type Platform,
  randomText,
  readScopes,
  redeemCode,
  Refusal,
  type SandboxAnswer,
  type SandboxRequest,
  stableNumber,
} from '../sandbox/index.js';
import { instagramSandboxPublishing, professionalId } from './instagram-publish.sandbox.js';
import { refuse, refuseCode } from './instagram-refusals.sandbox.js';

/** The scopes of Instagram Login since January 2025; the names before that are refused. */
const scopes = {
  instagram_business_basic: 'See your professional account and its media',
  instagram_business_content_publish: 'Publish for you',
  instagram_business_manage_comments: 'Read and answer comments for you',
  instagram_business_manage_messages: 'Read and answer messages for you',
  instagram_business_manage_insights: 'See the insights of your account and its media',
};
const BASIC = 'instagram_business_basic';

const quirks = {
  'wrapped-answers':
    'The code exchange and `/me` answer in `data[]`, with permissions as one text, as the documentation has it.',
  'same-token': 'An extension gives the same token a new life instead of a new token.',
};

/** The id of a person at one app. */
const appScopedId = (clientId: string, { number }: Persona): string => stableNumber(17, 'instagram', clientId, number);

const SHORT_LIFE = hours(1);

function exchangeCode({ form }: SandboxRequest, platform: Platform): SandboxAnswer {
  const { notes } = platform;
  notes.grantType = need(form, 'grant_type');
  const clientId = authenticateClient(platform, need(form, 'client_id'), need(form, 'client_secret'));
  if (notes.grantType !== 'authorization_code') throw new Refusal('unsupported_grant_type');
  const [code, redirectUri] = [need(form, 'code'), need(form, 'redirect_uri')];
  const issued = issueShortToken(platform, redeemCode(platform, { clientId, code, redirectUri }), SHORT_LIFE);
  return json(codeAnswer(issued, hasQuirk(platform, 'wrapped-answers')));
}

/** Flat, the id is a bare number, which JSON.stringify cannot write at this length. */
function codeAnswer({ accessToken, clientId, persona, scopes: permissions }: IssuedAccess, wrapped: boolean): string {
  const userId = appScopedId(clientId, persona);
  if (!wrapped)
    return `{"access_token":"${accessToken}","user_id":${userId},"permissions":${JSON.stringify(permissions)}}`;
  return JSON.stringify({ data: [{ access_token: accessToken, user_id: userId, permissions: permissions.join(',') }] });
}

/** An hour's token and the secret for a long-lived token. The token identifies the app. */
function prolong({ query }: SandboxRequest, platform: Platform): SandboxAnswer {
  expectGrantType('ig_exchange_token', query, platform);
  const token = need(query, 'access_token');
  const grant = holderOf(platform, token);
  authenticateClient(platform, grant.clientId, need(query, 'client_secret'));
  if (!heldAccess(grant, token)?.shortLived) throw new Refusal('wrong_kind_of_token');
  return longAnswer(issueLongToken(platform, grant));
}

/** No secret. A long-lived token that is a day old; where tokens of this sandbox are valid for less than a day, of any age. */
function extend({ query }: SandboxRequest, platform: Platform): SandboxAnswer {
  expectGrantType('ig_refresh_token', query, platform);
  const token = need(query, 'access_token');
  noteExtended(platform, token);
  const grant = holderOf(platform, token);
  if (!grant.scopes.includes(BASIC)) throw new Refusal('missing_scope', BASIC);
  assertExtensible(heldAccess(grant, token), platform.state.clock.now());
  meetExtension(platform, grant, token);
  return longAnswer(
    hasQuirk(platform, 'same-token') ? extendInPlace(platform, grant, token) : issueLongToken(platform, grant),
  );
}

function assertExtensible(held: ReturnType<typeof heldAccess>, now: number): void {
  if (!held || held.shortLived) throw new Refusal('wrong_kind_of_token');
  const { issuedAt = 0, expiresAt } = held;
  if (expiresAt - issuedAt > days(1) && now < issuedAt + days(1)) throw new Refusal('young_token');
}

function expectGrantType(expected: string, query: Parameters, { notes }: Platform): void {
  notes.grantType = need(query, 'grant_type');
  if (notes.grantType !== expected) throw new Refusal('unsupported_grant_type');
}

const longAnswer = ({ accessToken, expiresIn }: IssuedAccess): SandboxAnswer =>
  json(JSON.stringify({ access_token: accessToken, token_type: 'bearer', expires_in: expiresIn }));

const json = (body: string): SandboxAnswer => ({
  status: 200,
  body,
  headers: {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'private, no-cache, no-store, must-revalidate',
  },
});

const fields: Readonly<Record<string, (persona: Persona, platform: Platform) => string | number>> = {
  id: (persona, { notes }) => appScopedId(notes.clientId ?? '', persona),
  user_id: professionalId,
  username: ({ handle }) => handle,
  name: ({ displayName }) => displayName,
  account_type: () => 'BUSINESS',
  profile_picture_url: (persona, platform) => platform.avatarUrl(persona),
  followers_count: () => 0,
  follows_count: () => 0,
  media_count: () => 0,
};

/** The token in the header or in the query; `id` is there whether requested or not. */
function me({ authorization, query }: SandboxRequest, platform: Platform): SandboxAnswer {
  const grant = holderOf(platform, query.access_token ?? bearerOf(authorization));
  if (!grant.scopes.includes(BASIC)) throw new Refusal('missing_scope', BASIC);
  const names = (query.fields ?? '').split(',').filter(Boolean);
  const unknown = names.find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new Refusal('invalid_parameter', unknown);
  const persona = personaOf(grant);
  const account = Object.fromEntries([...names, 'id'].map((name) => [name, fields[name]?.(persona, platform)]));
  return { status: 200, body: hasQuirk(platform, 'wrapped-answers') ? { data: [account] } : account };
}

const CODE = 'https://api.instagram.com/oauth/access_token';
const graph = (path: string): string => `https://graph.instagram.com${path}`;
const endpoints: readonly Endpoint[] = [
  { endpoint: 'token', method: 'POST', url: CODE, multipart: true, handle: exchangeCode, refuse: refuseCode },
  { endpoint: 'token', method: 'GET', url: graph('/access_token'), handle: prolong, refuse },
  { endpoint: 'token', method: 'GET', url: graph('/refresh_access_token'), handle: extend, refuse },
  { endpoint: 'identity', method: 'GET', url: graph('/v25.0/me'), handle: me, refuse },
  { endpoint: 'identity', method: 'GET', url: graph('/me'), handle: me, refuse },
];

/** Instagram with Instagram Login, as its documentation of November 2026 and public bug reports describe it. */
export const instagramSandbox = defineSandbox({
  name: 'instagram',
  title: 'Instagram',
  scopes,
  impossiblePersonas: { 'no-refresh-token': 'Instagram issues none' },
  quirks,
  tokens: {
    ...noRefreshTokens,
    codeLife: hours(1),
    accessLife: minutes(2),
    oneGrantPerPerson: false,
    newAccessToken: () => `IGAA${randomText(96).replace(/[-_]/g, 'Z')}`,
  },
  authorize: {
    url: 'https://www.instagram.com/oauth/authorize',
    read(query) {
      if (need(query, 'response_type') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      return {
        clientId: need(query, 'client_id'),
        redirectUri: need(query, 'redirect_uri'),
        scopes: readScopes(need(query, 'scope').replaceAll(' ', ','), ',', scopes),
        ...(query.state && { state: query.state }),
      };
    },
    approved: (code) => ({ code }),
    denied: () => ({
      error: 'access_denied',
      error_reason: 'user_denied',
      error_description: 'The user denied your request.',
    }),
    fragment: '_',
    newCode: () => `AQ${randomText(96)}`,
  },
  endpoints,
  push: graphSandboxPush(appScopedId),
  publishing: instagramSandboxPublishing,
});
