import type { CodeExchange, Revocation, TokenRefresh } from '../contract/provider.js';
import { PlatformRequest } from '../contract/http.js';
import type { ClientAuthentication } from './client-authentication.js';

export interface Endpoint {
  url: string;
  authentication: ClientAuthentication;
}

/** RFC 6749 4.1.3 with RFC 7636 4.5. */
export const codeRequest =
  ({ url, authentication }: Endpoint) =>
  ({ app, code, redirectUri, verifier }: CodeExchange): PlatformRequest => {
    const { headers, form } = authentication(app);
    const standard = { grant_type: 'authorization_code', code: code.reveal(), redirect_uri: redirectUri };
    const proof: Record<string, string> = verifier ? { code_verifier: verifier.reveal() } : {};
    return new PlatformRequest({ method: 'POST', url, headers, form: { ...standard, ...proof, ...form } });
  };

/** RFC 6749 6. */
export const refreshRequest =
  ({ url, authentication }: Endpoint) =>
  ({ app, refreshToken }: TokenRefresh): PlatformRequest => {
    const { headers, form } = authentication(app);
    if (!refreshToken) throw new Error('a grant without a refresh token was to be refreshed with one');
    const standard = { grant_type: 'refresh_token', refresh_token: refreshToken.reveal() };
    return new PlatformRequest({ method: 'POST', url, headers, form: { ...standard, ...form } });
  };

/** RFC 7009 2.1, of the token that `choose` picks. */
export const revokeRequest =
  ({ url, authentication }: Endpoint, choose: (input: Revocation) => string) =>
  (input: Revocation): PlatformRequest => {
    const { headers, form } = authentication(input.app);
    return new PlatformRequest({ method: 'POST', url, headers, form: { token: choose(input), ...form } });
  };
