import type { Endpoint, Platform, SandboxRequest } from './contract.js';
import { exchangeCode } from './exchange-code.js';
import type { Issued } from './issue-tokens.js';
import { need } from './parameters.js';

import { refreshTokens } from './refresh-tokens.js';
import { Refusal } from './refusal.js';

export interface TokenEndpointStyle {
  /** Lets the client in, or refuses; answers its id. */
  readonly client: (request: SandboxRequest, platform: Platform) => string;
  readonly answer: (issued: Issued, platform: Platform) => object;
  /** The answer to `client_credentials`, where the platform has that grant type. */
  readonly clientCredentials?: () => object;
}

/** The token endpoint as RFC 6749 has it; a platform defines how clients authenticate and the form of its answer. */
export const tokenEndpoint =
  ({ client, answer, clientCredentials }: TokenEndpointStyle): Endpoint['handle'] =>
  (request, platform) => {
    const grantType = need(request.form, 'grant_type');
    platform.notes.grantType = grantType;
    const clientId = client(request, platform);
    const body =
      grantType === 'client_credentials' && clientCredentials
        ? clientCredentials()
        : answer(grant(grantType, clientId, request, platform), platform);
    return { status: 200, body, headers: { 'cache-control': 'no-store' } };
  };

function grant(type: string, clientId: string, { form }: SandboxRequest, platform: Platform): Issued {
  if (type === 'refresh_token') return refreshTokens(platform, clientId, need(form, 'refresh_token'));
  if (type !== 'authorization_code') throw new Refusal('unsupported_grant_type', type);
  const [code, redirectUri, verifier] = [need(form, 'code'), need(form, 'redirect_uri'), form.code_verifier];
  return exchangeCode(platform, { clientId, code, redirectUri, ...(verifier && { verifier }) });
}
