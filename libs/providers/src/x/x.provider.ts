import { z } from 'zod';
import { days } from '#config';
import { PlatformRequest } from '../contract/http.js';
import { defineProvider, type Provider } from '../contract/provider.js';
import { basicAuthentication } from '../oauth/client-authentication.js';
import { s256 } from '../oauth/pkce.js';
import { probeByIdentity } from '../oauth/probe-by-identity.js';
import { checkByRefreshToken } from '../oauth/app-checks.js';
import { codeRequest, refreshRequest, revokeRequest } from '../oauth/token-requests.js';
import { idField, textField } from '../oauth/platform-values.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { xPush } from './x-push.provider.js';
import { classifyApi, classifyToken } from './x.errors.js';
import { xPublish } from './x.publish.js';

const token = { url: 'https://api.x.com/2/oauth2/token', authentication: basicAuthentication };
const revoke = { url: 'https://api.x.com/2/oauth2/revoke', authentication: basicAuthentication };

const identity: Provider['identity'] = {
  request: (accessToken) =>
    new PlatformRequest({
      method: 'GET',
      url: 'https://api.x.com/2/users/me?user.fields=profile_image_url,name,username',
      headers: { authorization: `Bearer ${accessToken.reveal()}` },
    }),
  read: readUser,
};

/** X: OAuth 2.0 with mandatory PKCE, client_secret_basic, two-hour tokens and one-time refresh tokens. */
export const x = defineProvider({
  name: 'x',
  title: 'X',
  alsoCalled: ['twitter', 'x.com'],
  /** `UserId` in the OpenAPI document of API v2 is `^[0-9]{1,19}$`. */
  ids: 'digits',
  sources: {
    checkedAt: '2026-11-22',
    urls: [
      'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
      'https://docs.x.com/x-api/fundamentals/response-codes-and-errors',
    ],
  },
  quirks: [
    'A code is valid for 30 seconds, so it is exchanged while the browser waits.',
    'Without `offline.access` there is no refresh token at all.',
    'A spent or revoked refresh token is answered with `invalid_request`, not with `invalid_grant`; both are understood.',
    'There is one valid grant for an app and a person: a consent given anywhere else ends the one before, so staging and production need apps of their own.',
    "No official page states a refresh token's lifetime; six months were reported.",
    'The probe is billed as a read of a user and de-duplicated by the UTC day; calls to the token endpoint are not in the price list.',
  ],
  authorize: {
    url: 'https://x.com/i/oauth2/authorize',
    clientIdParameter: 'client_id',
    scopeSeparator: ' ',
    pkce: () => s256,
    denials: ['access_denied'],
  },
  scopes: {
    default: ['tweet.read', 'users.read', 'tweet.write', 'media.write', 'offline.access'],
    required: ['tweet.read', 'users.read', 'tweet.write', 'offline.access'],
  },
  token: { exchange: codeRequest(token), read: readTokenResponse, defaultLife: 7_200 },
  refresh: { mode: 'rotating_strict', request: refreshRequest(token) },
  /** The refresh token: with it goes the whole grant. */
  revoke: revokeRequest(revoke, ({ refreshToken, accessToken }) => (refreshToken ?? accessToken).reveal()),
  identity,
  api: { url: 'https://api.x.com/', tokenParameters: ['oauth_token'] },
  /** Billed, and de-duplicated by the UTC day: once a day is what it may cost. */
  probe: { ...probeByIdentity(identity, days(1)), oncePerUtcDay: true },
  /**
   * There are two grant types, and none of them is `client_credentials`
   * (docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code, 2026-11-22). A wrong secret is 401
   * `unauthorized_client`, a wrong token 400.
   */
  appCheck: checkByRefreshToken(token, classifyToken),
  registration: [
    {
      what: 'redirect_uri',
      value: ({ redirectUri }) => redirectUri,
      where: 'Developer Console, your app, User authentication settings, Callback URI / Redirect URL',
    },
    {
      what: 'app_type',
      value: 'Web App, Automated App or Bot',
      where: 'Developer Console, your app, User authentication settings, Type of app',
    },
    {
      what: 'permissions',
      value: 'Read and write',
      where: 'Developer Console, your app, User authentication settings, App permissions',
    },
    { what: 'billing', value: 'Credits for the calls of your accounts', where: 'Developer Console, Billing' },
    {
      what: 'callback_url',
      value: ({ callbackUrl, publicId }) => callbackUrl(`x/${publicId}`),
      where: 'Webhook of the X Activity API, optional: event oauth.revoke',
    },
  ],
  push: xPush,
  publish: xPublish,
  classify: { token: classifyToken, api: classifyApi },
});

const User = z.object({
  data: z.object({
    id: idField,
    name: textField,
    username: textField,
    profile_image_url: textField,
  }),
});

function readUser(json: unknown) {
  const { data } = User.safeParse(json);
  if (!data) return undefined;
  const { id, name, username, profile_image_url } = data.data;
  return {
    platformUserId: id,
    platformAccountId: id,
    handle: username,
    displayName: name,
    avatarUrl: profile_image_url,
  };
}
