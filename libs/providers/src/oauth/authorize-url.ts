import type { Secret } from '#observability';
import type { Provider } from '../contract/provider.js';

export interface AuthorizeInput {
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  state: Secret;
  verifier: Secret;
}

/** Where the person's browser is sent to consent (RFC 6749 4.1.1), with spaces as %20: not everyone reads `+`. */
export function authorizeUrl({ authorize }: Provider, input: AuthorizeInput): string {
  const pkce = authorize.pkce(input.redirectUri);
  const query = {
    response_type: 'code',
    [authorize.clientIdParameter]: input.clientId,
    redirect_uri: input.redirectUri,
    scope: input.scopes.join(authorize.scopeSeparator),
    state: input.state.reveal(),
    ...(pkce && { code_challenge: pkce.challenge(input.verifier.reveal()), code_challenge_method: pkce.name }),
    ...authorize.parameters,
  };
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${authorize.url}?${pairs.join('&')}`;
}
