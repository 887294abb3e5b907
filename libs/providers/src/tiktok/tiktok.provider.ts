import { z } from 'zod';
import { hours } from '#config';
import { PlatformRequest } from '../contract/http.js';
import { defineProvider, type Provider } from '../contract/provider.js';
import { secretInBody } from '../oauth/client-authentication.js';
import { isLoopbackHost } from '../oauth/loopback.js';
import { s256Hex } from '../oauth/pkce.js';
import { probeByIdentity } from '../oauth/probe-by-identity.js';
import { checkByClientCredentials } from '../oauth/app-checks.js';
import { codeRequest, refreshRequest, revokeRequest } from '../oauth/token-requests.js';
import { idField, textField } from '../oauth/platform-values.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { tiktokPush } from './tiktok-push.provider.js';
import { classifyApi, classifyToken } from './tiktok.errors.js';
import { tiktokPublish } from './tiktok.publish.js';

const authentication = secretInBody({ id: 'client_key', secret: 'client_secret' });
const token = { url: 'https://open.tiktokapis.com/v2/oauth/token/', authentication };
const revoke = { url: 'https://open.tiktokapis.com/v2/oauth/revoke/', authentication };

const identity: Provider['identity'] = {
  request: (accessToken, scopes) =>
    new PlatformRequest({
      method: 'GET',
      url: `https://open.tiktokapis.com/v2/user/info/?fields=${fields(scopes)}`,
      headers: { authorization: `Bearer ${accessToken.reveal()}` },
    }),
  read: readUser,
};

/** TikTok: `client_key`, scopes with commas, hex challenges on loopback, refusals that come with status 200. */
export const tiktok = defineProvider({
  name: 'tiktok',
  title: 'TikTok',
  sources: {
    checkedAt: '2026-11-22',
    urls: [
      'https://developers.tiktok.com/doc/oauth-user-access-token-management',
      'https://developers.tiktok.com/doc/login-kit-desktop',
      'https://developers.tiktok.com/doc/oauth-error-handling',
    ],
  },
  quirks: [
    "The app's id is called `client_key`, and scopes are separated by commas.",
    'On loopback redirect URIs the PKCE challenge is lower-case hex instead of base64url; on the web none is sent, because no document states which form is checked there.',
    'The token endpoint may refuse with status 200: only an `access_token` in the answer is a success.',
    'The documents of November 2026 give access tokens two hours and refresh tokens 180 days, older ones 24 hours and 365 days: the service follows each answer.',
    'A person may grant fewer scopes than were requested.',
    '`open_id` names a person at one app: with another app the same person is another account.',
    'The revoke call takes the access token: one that has ended is refreshed first.',
    'A missing scope is answered with 401, like a revoked token; the code in the body distinguishes them.',
  ],
  authorize: {
    url: 'https://www.tiktok.com/v2/auth/authorize/',
    clientIdParameter: 'client_key',
    scopeSeparator: ',',
    /** Required for desktop apps, whose redirect URIs are loopback; for web apps it is not established which encoding is verified. */
    pkce: (redirectUri) => (isLoopbackHost(new URL(redirectUri).hostname) ? s256Hex : undefined),
    denials: ['access_denied'],
  },
  scopes: {
    default: ['user.info.basic', 'user.info.profile', 'video.upload', 'video.publish'],
    required: ['user.info.basic', 'video.publish'],
  },
  token: { exchange: codeRequest(token), read: readTokenResponse, defaultLife: 7_200 },
  refresh: { mode: 'rotating_strict', request: refreshRequest(token) },
  /** `token` is the access token (docs/en/oauth-revoke-access, 2026-11-02). */
  revoke: revokeRequest(revoke, ({ accessToken }) => accessToken.reveal()),
  revokesAccessTokens: true,
  identity,
  api: { url: 'https://open.tiktokapis.com/' },
  probe: probeByIdentity(identity, hours(6)),
  /**
   * A token of the app, for two hours: developers.tiktok.com/docs/en/client-access-token-management, of 2026-11-05. It is
   * used with the Research and the Commercial Content API only; what an app without these is answered stands nowhere.
   */
  appCheck: checkByClientCredentials(token),
  registration: [
    {
      what: 'redirect_uri',
      value: ({ redirectUri }) => redirectUri,
      where: 'Manage apps, your app, Login Kit, Redirect URI',
    },
    {
      what: 'product',
      value: 'Login Kit, Content Posting API with Direct Post',
      where: 'Manage apps, your app, Add products',
    },
    { what: 'permissions', value: ({ scopes }) => scopes.join(', '), where: 'Manage apps, your app, Scopes' },
    {
      what: 'callback_url',
      value: ({ callbackUrl }) => callbackUrl('tiktok'),
      where: 'Manage apps, your app, Webhooks, Callback URL',
    },
    {
      what: 'review',
      value: 'Review of the app and its scopes; audit of the Content Posting API client for public posts',
      where: 'Manage apps, your app, Submit for review',
    },
  ],
  push: tiktokPush,
  publish: tiktokPublish,
  classify: { token: classifyToken, api: classifyApi },
});

/** A request for `username` without `user.info.profile` fails the whole call. */
const fields = (scopes: readonly string[]): string =>
  [
    'open_id',
    'union_id',
    'avatar_url',
    'display_name',
    ...(scopes.includes('user.info.profile') ? ['username'] : []),
  ].join(',');

const UserInfo = z.object({
  /** A member of the flat form of an error: what stands beside it is no person. */
  code: z.never().optional(),
  data: z.object({
    user: z.object({
      open_id: idField,
      display_name: textField,
      username: textField,
      avatar_url: textField,
    }),
  }),
});

/** `open_id` is one person at one app; it is kept letter by letter. */
function readUser(json: unknown) {
  const { data } = UserInfo.safeParse(json);
  if (!data) return undefined;
  const { open_id, display_name, username, avatar_url } = data.data.user;
  return {
    platformUserId: open_id,
    platformAccountId: open_id,
    handle: username,
    displayName: display_name,
    avatarUrl: avatar_url,
  };
}
