import { z } from 'zod';
import { hours } from '#config';
import { PlatformRequest } from '../contract/http.js';
import type { Identity } from '../contract/outcome.js';
import type { AppCredentials } from '../contract/app-credentials.js';
import { defineProvider, type Provider } from '../contract/provider.js';
import { basicAuthentication } from '../oauth/client-authentication.js';
import { probeByIdentity } from '../oauth/probe-by-identity.js';
import { checkByRefreshToken } from '../oauth/app-checks.js';
import { codeRequest, refreshRequest } from '../oauth/token-requests.js';
import { idField, textField } from '../oauth/platform-values.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { classifyApi, classifyToken } from './pinterest.errors.js';
import { pinterestPublish } from './pinterest.publish.js';

const scopes = ['user_accounts:read', 'boards:read', 'boards:write', 'pins:read', 'pins:write'];
const token = { url: 'https://api.pinterest.com/v5/oauth/token', authentication };

const identity: Provider['identity'] = {
  request: (accessToken) =>
    new PlatformRequest({
      method: 'GET',
      url: 'https://api.pinterest.com/v5/user_account',
      headers: { authorization: `Bearer ${accessToken.reveal()}` },
    }),
  read: readAccount,
};

/** Pinterest: HTTP Basic, scopes with commas, refresh tokens of sixty days that are renewed with each refresh. */
export const pinterest = defineProvider({
  name: 'pinterest',
  title: 'Pinterest',
  alsoCalled: ['pin'],
  /** `Account.id` in the OpenAPI document of API v5 is `^\d+$`. */
  ids: 'digits',
  sources: {
    checkedAt: '2026-11-22',
    urls: [
      'https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/',
      'https://developers.pinterest.com/docs/key-concepts/access-tiers/',
      'https://developers.pinterest.com/docs/reference/rate-limits/',
      'https://github.com/pinterest/api-description/blob/main/v5/openapi.yaml',
    ],
  },
  quirks: [
    'Refresh tokens are valid for 60 days and each refresh brings another one; an app from before September 25, 2025 must request that with `continuous_refresh`, so it is always sent.',
    'No document states whether the previous refresh token keeps working; it is taken for spent.',
    'A missing scope is answered with 401, like a revoked token; the number in the body (3 or 2) distinguishes them.',
    'The same number 2 is a wrong secret at the token endpoint and a revoked token at the API.',
    'An app with Trial access has 1,000 calls a day for all its accounts together, probes included, and its Pins are seen by their creator only.',
    'Creating a Pin takes `boards:write` too.',
    'The revoke call takes tokens of system users only: after a disconnect the person may still see the app in the settings.',
  ],
  authorize: {
    url: 'https://www.pinterest.com/oauth/',
    clientIdParameter: 'client_id',
    scopeSeparator: ',',
    /** The token request's description (OpenAPI 5.23) has no verifier. */
    pkce: () => undefined,
    /** No document lists any: the standard's. */
    denials: ['access_denied'],
  },
  scopes: { default: scopes, required: scopes },
  token: { exchange: codeRequest(token), read: readTokenResponse, defaultLife: 2_592_000 },
  refresh: { mode: 'rotating_strict', request: refreshRequest(token) },
  identity,
  api: { url: 'https://api.pinterest.com/' },
  /** Twice a day: a Trial app's thousand calls are shared by all its accounts. */
  probe: probeByIdentity(identity, hours(12)),
  /** A wrong secret has the number 2, a wrong refresh token 283. */
  appCheck: checkByRefreshToken(token, classifyToken),
  registration: [
    {
      what: 'redirect_uri',
      value: ({ redirectUri }) => redirectUri,
      where: 'My apps, Manage, Configure, Redirect URIs',
    },
    { what: 'review', value: 'Trial access, then Standard access', where: 'My apps, Upgrade' },
  ],
  publish: pinterestPublish,
  classify: { token: classifyToken, api: classifyApi },
});

/** Basic alone, as the description has it; and every token request requires a refresh token that can be renewed. */
function authentication(app: AppCredentials) {
  return { headers: basicAuthentication(app).headers, form: { continuous_refresh: 'true' } };
}

const Account = z.object({
  id: idField,
  username: textField,
  business_name: textField,
  profile_image: textField,
  /** A member of the error envelope: what stands beside it is no account. */
  code: z.never().optional(),
});

function readAccount(json: unknown): Identity | undefined {
  const { data } = Account.safeParse(json);
  if (!data) return undefined;
  const { id, username, business_name, profile_image } = data;
  return {
    platformUserId: id,
    platformAccountId: id,
    handle: username,
    displayName: business_name,
    avatarUrl: profile_image,
  };
}
