import { hours } from '#config';
import type { Secret } from '#observability';
import { PlatformRequest } from '../contract/http.js';
import type { AppCredentials } from '../contract/app-credentials.js';
import { defineProvider, type ProbeInput } from '../contract/provider.js';
import { isDeniedGraphCall } from '../graph-api/denied-calls.js';
import { graphPush } from '../graph-api/graph-push.provider.js';
import { readCallbackRefusal } from '../graph-api/read-callback-refusal.js';
import { secretInBody } from '../oauth/client-authentication.js';
import { checkByClientCredentials } from '../oauth/app-checks.js';
import { codeRequest } from '../oauth/token-requests.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { classify, classifyProbe } from './facebook.errors.js';
import { DIALOG, graph } from './graph-urls.js';
import { readInspection } from './read-inspection.js';
import { isTooMuch, pagesQuery, readPages } from './read-pages.js';
import { readPerson } from './read-person.js';
import { REQUIRED_SCOPES } from './scopes.js';
import { facebookPublish } from './facebook.publish.js';

const authentication = secretInBody();
const TOKEN = graph('/oauth/access_token');
const standardExchange = codeRequest({ url: TOKEN, authentication });

/** Facebook Pages: one person's token, which is extended, opens Pages with tokens of their own, which have no end. */
export const facebook = defineProvider({
  name: 'facebook',
  title: 'Facebook',
  alsoCalled: ['fb', 'meta'],
  /** A "numeric string" in the reference of the Graph API (nodes User and Page). */
  ids: 'digits',
  profileField: { name: 'page_id', prefix: '' },
  sources: {
    checkedAt: '2026-11-22',
    urls: [
      'https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow',
      'https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived',
      'https://developers.facebook.com/docs/graph-api/reference/debug_token',
      'https://developers.facebook.com/docs/graph-api/guides/error-handling',
    ],
  },
  quirks: [
    'One consent opens several accounts: each Page that the person ticks is one, with a token of its own that has no end.',
    "A Page's token ends with the person's: a changed password, a removed app or a lost role ends it.",
    'Pages of a business portfolio are not listed without `business_management`.',
    'A person who consents again and ticks fewer Pages takes the app from the others.',
    'The long-lived token of sixty days is exchanged for another while it is valid; one that has ended cannot be.',
    "Data access ends about 90 days after the person's last consent or use, whatever the token's own end is; then only the person can help.",
    'A wrong app secret is answered with code 1, the number that otherwise means a passing error.',
    'Revoking takes the app from the person with all Pages at once.',
    'The platform does not report when a token becomes invalid; quota headers come only after many calls.',
  ],
  authorize: {
    url: DIALOG,
    clientIdParameter: 'client_id',
    scopeSeparator: ',',
    pkce: () => undefined,
    denials: ['access_denied', 'user_denied'],
    refusal: readCallbackRefusal,
  },
  scopes: {
    /** Pages of a business portfolio are not listed without `business_management`. */
    default: ['business_management', ...REQUIRED_SCOPES],
    required: REQUIRED_SCOPES,
  },
  token: {
    exchange: (input) => standardExchange({ ...input, verifier: null }),
    read: readTokenResponse,
    prolong: longLived,
    /** A long-lived token's sixty days. */
    defaultLife: 5_184_000,
  },
  /** A long-lived token that has not ended is exchanged like a short one, for another sixty days. */
  refresh: { mode: 'extend_self', request: longLived },
  /** Removes the app from the person and all of the person's Pages. */
  revoke: ({ accessToken }) => bearer('DELETE', '/me/permissions', accessToken),
  /** A token answer names no scopes; the person does. */
  identity: {
    request: (accessToken) => bearer('GET', '/me?fields=id,name,permissions', accessToken),
    read: readPerson,
  },
  profiles: {
    sizes: [100, 25, 5],
    request: (accessToken, after, size) => bearer('GET', `/me/accounts?${pagesQuery(after, size)}`, accessToken),
    read: readPages,
    owner: { request: (accessToken) => bearer('GET', '/me?fields=id,name', accessToken), read: readPerson },
    isTooMuch,
  },
  api: { url: 'https://graph.facebook.com/', isDenied: isDeniedGraphCall },
  probe: { every: hours(6), request: inspection, read: readInspection },
  /**
   * An app access token, valid until the secret is reset: /documentation/facebook-login/guides/access-tokens, of 2025-11-25,
   * read on 2026-11-30.
   */
  appCheck: checkByClientCredentials({ url: TOKEN, authentication }),
  registration: [
    {
      what: 'redirect_uri',
      value: ({ redirectUri }) => redirectUri,
      where: 'App Dashboard, Facebook Login, Settings, Valid OAuth Redirect URIs',
    },
    { what: 'permissions', value: ({ scopes }) => scopes.join(', '), where: 'App Dashboard, Use cases, Customize' },
    {
      what: 'callback_url',
      value: ({ callbackUrl, publicId }) => callbackUrl(`meta/${publicId}/deauthorize`),
      where: 'App Dashboard, Facebook Login, Settings, Deauthorize callback URL',
    },
    {
      what: 'callback_url',
      value: ({ callbackUrl, publicId }) => callbackUrl(`meta/${publicId}/data-deletion`),
      where: 'App Dashboard, Facebook Login, Settings, Data Deletion Request URL',
    },
    {
      what: 'review',
      value: 'Business verification, and Advanced Access of each permission, for Pages of other people',
      where: 'App Dashboard, App Review',
    },
  ],
  push: graphPush,
  publish: facebookPublish,
  classify: { token: classify, api: classify, probe: classifyProbe },
});

function longLived({ app, accessToken }: { app: AppCredentials; accessToken: Secret }): PlatformRequest {
  const { headers, form } = authentication(app);
  const exchange = { grant_type: 'fb_exchange_token', fb_exchange_token: accessToken.reveal() };
  return new PlatformRequest({ method: 'POST', url: TOKEN, headers, form: { ...exchange, ...form } });
}

const bearer = (method: 'GET' | 'DELETE', path: string, accessToken: Secret): PlatformRequest =>
  new PlatformRequest({ method, url: graph(path), headers: { authorization: `Bearer ${accessToken.reveal()}` } });

/** Authenticated with the app's own token, which is its id and secret; the platform takes the other one in the query only. */
function inspection({ app, accessToken }: ProbeInput): PlatformRequest {
  const asker = `${app.clientId}|${app.clientSecret.reveal()}`;
  const query = new URLSearchParams({ input_token: accessToken.reveal(), access_token: asker });
  return new PlatformRequest({ method: 'GET', url: graph(`/debug_token?${query.toString()}`) });
}
