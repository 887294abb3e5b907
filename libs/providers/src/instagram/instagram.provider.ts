import { hours } from '#config';
import { Secret } from '#observability';
import { PlatformRequest } from '../contract/http.js';
import { type CodeExchange, defineProvider, type Provider } from '../contract/provider.js';
import { isDeniedGraphCall } from '../graph-api/denied-calls.js';
import { graphPush } from '../graph-api/graph-push.provider.js';
import { readCallbackRefusal } from '../graph-api/read-callback-refusal.js';
import { secretInBody } from '../oauth/client-authentication.js';
import { NO_TOKEN } from '../oauth/app-checks.js';
import { codeRequest } from '../oauth/token-requests.js';
import { classifyApi, classifyToken } from './instagram.errors.js';
import { readMe, readProbe, readTokens } from './read-answers.js';
import { instagramPublish } from './instagram.publish.js';

const GRAPH = 'https://graph.instagram.com';
const scopes = ['instagram_business_basic', 'instagram_business_content_publish'];
const standardExchange = codeRequest({
  url: 'https://api.instagram.com/oauth/access_token',
  authentication: secretInBody(),
});

/** Instagram with Instagram Login: professional accounts; no refresh token, the access token itself is extended. */
export const instagram = defineProvider({
  name: 'instagram',
  title: 'Instagram',
  alsoCalled: ['ig', 'insta'],
  /** A "numeric string" in the reference of the Graph API; `id` and `user_id` alike. */
  ids: 'digits',
  profileField: { name: 'ig_user_id', prefix: '' },
  sources: {
    checkedAt: '2026-11-22',
    urls: [
      'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login',
      'https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token',
      'https://developers.facebook.com/docs/graph-api/guides/error-handling',
    ],
  },
  quirks: [
    'Only professional accounts (business or creator) can be connected; a Page is not needed.',
    "The app's id and secret are the Instagram ones of the dashboard, not those of the Meta app around it.",
    'There is no refresh token: the access token is extended, once it is a day old and as long as it has not ended.',
    'An authorization code ends in `#_`, which is no part of it.',
    'A changed password ends the token at once, long before its sixty days.',
    'No revoke call is documented: after a disconnect the person may still see the app in the settings.',
    'Whether tokens come flat or inside `data` depends on the document: both are read.',
  ],
  authorize: {
    url: 'https://www.instagram.com/oauth/authorize',
    clientIdParameter: 'client_id',
    scopeSeparator: ',',
    pkce: () => undefined,
    denials: ['access_denied', 'user_denied'],
    refusal: readCallbackRefusal,
  },
  scopes: { default: scopes, required: scopes },
  token: { exchange, read: readTokens, prolong, defaultLife: 5_184_000 },
  /** Requires a token that is a day old and has not ended; no secret. */
  refresh: {
    mode: 'extend_self',
    request: ({ accessToken }) => lifeRequest('refresh_access_token', 'ig_refresh_token', accessToken),
    withoutSecret: true,
  },
  identity: {
    request: (accessToken) => me('id,user_id,username,name,account_type,profile_picture_url', accessToken),
    read: readMe,
  },
  api: { url: `${GRAPH}/`, isDenied: isDeniedGraphCall },
  probe: { every: hours(6), request: ({ accessToken }) => me('user_id', accessToken), read: readProbe },
  /**
   * A code that does not exist. A wrong id (`Invalid platform app`) and a wrong secret are refused; no document states whether
   * the code is looked at before the secret, so an answer about the code shows nothing.
   */
  appCheck: {
    request: (app) => exchange({ app, code: NO_TOKEN, redirectUri: 'https://localhost/', verifier: null }),
    accepts: () => false,
  },
  registration: [
    {
      what: 'redirect_uri',
      value: ({ redirectUri }) => redirectUri,
      where: 'App Dashboard, Instagram, API setup with Instagram Login, Business login settings, OAuth redirect URIs',
    },
    {
      what: 'permissions',
      value: ({ scopes }) => scopes.join(', '),
      where: 'App Dashboard, Instagram, API setup with Instagram Login',
    },
    {
      what: 'callback_url',
      value: ({ callbackUrl, publicId }) => callbackUrl(`meta/${publicId}/deauthorize`),
      where: 'Business login settings, Deauthorize callback URL',
    },
    {
      what: 'callback_url',
      value: ({ callbackUrl, publicId }) => callbackUrl(`meta/${publicId}/data-deletion`),
      where: 'Business login settings, Data deletion request URL',
    },
    {
      what: 'review',
      value: 'Business verification, and Advanced Access of each permission, for accounts of other people',
      where: 'App Dashboard, App Review',
    },
  ],
  push: graphPush,
  publish: instagramPublish,
  classify: { token: classifyToken, api: classifyApi },
});

/** The address of an approval ends in `#_`; a browser keeps it to itself, other clients have sent it on as a part of the code. */
function exchange(input: CodeExchange): PlatformRequest {
  return standardExchange({ ...input, code: new Secret(input.code.reveal().replace(/#_$/, '')), verifier: null });
}

/** The code gave a token for an hour; this one is valid for sixty days. */
function prolong({ app, accessToken }: Parameters<NonNullable<Provider['token']['prolong']>>[0]): PlatformRequest {
  return lifeRequest('access_token', 'ig_exchange_token', accessToken, { client_secret: app.clientSecret.reveal() });
}

function lifeRequest(
  path: string,
  grantType: string,
  accessToken: Secret,
  more: Record<string, string> = {},
): PlatformRequest {
  const query = new URLSearchParams({ grant_type: grantType, ...more, access_token: accessToken.reveal() });
  return new PlatformRequest({ method: 'GET', url: `${GRAPH}/${path}?${query.toString()}` });
}

const me = (fields: string, accessToken: Secret): PlatformRequest =>
  new PlatformRequest({
    method: 'GET',
    url: `${GRAPH}/v25.0/me?fields=${fields}`,
    headers: { authorization: `Bearer ${accessToken.reveal()}` },
  });
