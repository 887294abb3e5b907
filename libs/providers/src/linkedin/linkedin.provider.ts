import { z } from 'zod';
import { hours } from '#config';
import { PlatformRequest } from '../contract/http.js';
import type { ProbeReading, TokenSet } from '../contract/outcome.js';
import { defineProvider, type ProbeInput } from '../contract/provider.js';
import { secretInBody } from '../oauth/client-authentication.js';
import { NO_TOKEN } from '../oauth/app-checks.js';
import { codeRequest, refreshRequest, revokeRequest } from '../oauth/token-requests.js';
import { idField, scopesField, splitScopes, textField } from '../oauth/platform-values.js';
import { errorCode } from '../oauth/refusal-code.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { classifyApi, classifyToken, failureByStatus } from './linkedin.errors.js';
import { linkedinPublish } from './linkedin.publish.js';

const authentication = secretInBody();
const oauth = (path: string): string => `https://www.linkedin.com/oauth/v2${path}`;
const token = { url: oauth('/accessToken'), authentication };

/** LinkedIn: no PKCE, 60-day tokens, and a refresh token for approved partners only, which ends a year after the consent. */
export const linkedin = defineProvider({
  name: 'linkedin',
  title: 'LinkedIn',
  profileField: { name: 'author_urn', prefix: 'urn:li:person:' },
  sources: {
    checkedAt: '2026-11-22',
    urls: [
      'https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow',
      'https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens',
      'https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection',
      'https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/rate-limits',
    ],
  },
  quirks: [
    'A `code_verifier` ends in `invalid_client`, so no PKCE is sent.',
    'Only apps of approved Marketing Developer Platform partners get refresh tokens; with any other app the person must come back every 60 days.',
    'A refresh token ends 365 days after the consent, and no refresh moves that day.',
    'One scope that the app does not have fails the whole consent.',
    'A consent for another set of scopes ends all earlier access tokens of that person for the app.',
    'Quotas are counted by the UTC day: after a 429 nothing works before the next one begins.',
    'Members have no handle unless the app has `r_basicprofile`.',
    'The revoke call is in no document; it is tried with the access token, refreshed first if it has ended, and nothing depends on its answer.',
  ],
  authorize: {
    url: oauth('/authorization'),
    clientIdParameter: 'client_id',
    scopeSeparator: ' ',
    /** A verifier at the token endpoint ends in `invalid_client`: PKCE is for native apps, at another endpoint. */
    pkce: () => undefined,
    denials: ['user_cancelled_login', 'user_cancelled_authorize', 'access_denied'],
  },
  scopes: {
    /** What every app may request. One scope too many fails the whole consent, so an app lists those of organisations itself. */
    default: ['openid', 'profile', 'w_member_social'],
    required: ['openid', 'w_member_social'],
  },
  token: { exchange: codeRequest(token), read: readTokens, defaultLife: 5_184_000 },
  refresh: { mode: 'static', endsForGood: true, request: refreshRequest(token) },
  /** In no document, and in much code, always with the access token: nothing may depend on its answer. */
  revoke: revokeRequest({ url: oauth('/revoke'), authentication }, ({ accessToken }) => accessToken.reveal()),
  revokesAccessTokens: true,
  revokeIsUndocumented: true,
  identity: {
    request: (accessToken) =>
      new PlatformRequest({
        method: 'GET',
        url: 'https://api.linkedin.com/v2/userinfo',
        headers: { authorization: `Bearer ${accessToken.reveal()}` },
      }),
    read: readUser,
  },
  api: { url: 'https://api.linkedin.com/', tokenParameters: ['oauth2_access_token'] },
  /** Inspects the token with the app's own secret: no member's quota is spent, and the app's is one of a day. */
  probe: {
    every: hours(12),
    request: introspection,
    read: readIntrospection,
  },
  /**
   * Introspection takes id and secret of the app (token-introspection, 2026-11-22). A token that does not exist is
   * inactive, or an invalid request; a wrong app is `invalid_client`. Refreshing would be refused to apps without that product.
   */
  appCheck: {
    request: (app) => introspection({ app, accessToken: NO_TOKEN }),
    accepts: ({ json }) => Introspection.safeParse(json).success || errorCode(json) === 'invalid_request',
  },
  registration: [
    {
      what: 'redirect_uri',
      value: ({ redirectUri }) => redirectUri,
      where: 'My apps, your app, Auth, Authorized redirect URLs for your app',
    },
    {
      what: 'product',
      value: 'Sign In with LinkedIn using OpenID Connect, Share on LinkedIn',
      where: 'My apps, your app, Products, Request access',
    },
    {
      what: 'permissions',
      value: ({ scopes }) => scopes.join(', '),
      where: 'My apps, your app, Auth, OAuth 2.0 scopes: each one must be listed there',
    },
    {
      what: 'review',
      value: 'Marketing Developer Platform, for refresh tokens only',
      where: 'My apps, your app, Products',
    },
  ],
  publish: linkedinPublish,
  classify: { token: classifyToken, api: classifyApi },
});

/** Reads a token with the app's own id and secret. */
function introspection({ app, accessToken }: Pick<ProbeInput, 'app' | 'accessToken'>): PlatformRequest {
  const { headers, form } = authentication(app);
  return new PlatformRequest({
    method: 'POST',
    url: oauth('/introspectToken'),
    headers,
    form: { token: accessToken.reveal(), ...form },
  });
}

/** Documented as "URL-encoded, space-delimited", seen with commas: all are read. */
function readTokens(json: unknown): TokenSet | undefined {
  const tokens = readTokenResponse(json);
  const scopes = tokens?.scopes?.flatMap((scope) => splitScopes(scope.replaceAll(/%20|%2C|\+/gi, ' ')));
  return tokens && { ...tokens, scopes: scopes ?? null };
}

/** A member of the API's error envelope: what stands beside it is no person. */
const noError = z.never().optional();

const UserInfo = z.object({ sub: idField, name: textField, picture: textField, serviceErrorCode: noError });

/** The author of a post is `urn:li:person:<sub>`. There is no handle here: it takes a scope that few apps have. */
function readUser(json: unknown) {
  const { data } = UserInfo.safeParse(json);
  if (!data) return undefined;
  const { sub, name, picture } = data;
  return { platformUserId: sub, platformAccountId: sub, handle: null, displayName: name, avatarUrl: picture };
}

const Introspection = z.object({
  active: z.boolean(),
  status: textField,
  scope: scopesField,
  serviceErrorCode: noError,
});

/** A revoked token is `active: false` under 200; without a status it belongs to another app, which does not concern the grant. */
function readIntrospection(json: unknown): ProbeReading | undefined {
  const { data } = Introspection.safeParse(json);
  if (!data) return undefined;
  if (data.active) return { ok: true, ...(data.scope && { scopes: data.scope }) };
  const failure = failureByStatus(data.status ?? '');
  return failure && { ok: false, failure };
}
