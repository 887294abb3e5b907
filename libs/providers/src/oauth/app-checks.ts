import { Secret } from '#observability';
import type { AppCheck, Provider, ReadAnswer } from '../contract/provider.js';
import { PlatformRequest } from '../contract/http.js';
import { errorCode } from './refusal-code.js';
import { type Endpoint, refreshRequest } from './token-requests.js';
import { readTokenResponse } from './token-response.js';

/** A value that no platform issued. */
export const NO_TOKEN = new Secret('evergrant-checks-this-app');

/** RFC 6749 5.2: a client that was authenticated may not use this grant type. */
const isOfGrantType = ({ json }: ReadAnswer): boolean => errorCode(json) === 'unauthorized_client';

/** RFC 6749 4.4: the app requests a token of its own, which is not kept. */
export const checkByClientCredentials = ({ url, authentication }: Endpoint): AppCheck => ({
  request: (app) => {
    const { headers, form } = authentication(app);
    return new PlatformRequest({ method: 'POST', url, headers, form: { grant_type: 'client_credentials', ...form } });
  },
  accepts: ({ json }) => readTokenResponse(json) !== undefined,
  refusesRequest: isOfGrantType,
});

/**
 * RFC 6749 5.2: the app sends a refresh token that does not exist. A refusal of the token (`invalid_grant`, or what the platform
 * answers in its place) is given to an authenticated app only; a wrong one is `invalid_client`.
 */
export const checkByRefreshToken = (endpoint: Endpoint, classify: Provider['classify']['token']): AppCheck => ({
  request: (app) => refreshRequest(endpoint)({ app, accessToken: NO_TOKEN, refreshToken: NO_TOKEN }),
  accepts: (answer: ReadAnswer) =>
    errorCode(answer.json) === 'invalid_grant' || classify(answer)?.class === 'permanent',
});
