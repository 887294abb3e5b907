import { seconds } from '#config';
import { PlatformRequest } from '../contract/http.js';
import type { TokenSet } from '../contract/outcome.js';
import { type ApiCall, defineProvider, type Provider } from '../contract/provider.js';
import { basicAuthentication, secretInBody } from '../oauth/client-authentication.js';
import { s256 } from '../oauth/pkce.js';
import { probeByIdentity } from '../oauth/probe-by-identity.js';
import { checkByRefreshToken } from '../oauth/app-checks.js';
import { codeRequest, refreshRequest, revokeRequest } from '../oauth/token-requests.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { classifyBearer, classifyByWords } from './bearer.errors.js';
import type { CustomProvider } from './custom-provider.schema.js';
import { identityReader } from './read-identity.js';

const AUTHENTICATIONS = { client_secret_basic: basicAuthentication, client_secret_post: secretInBody() };

/** A provider by the standards alone (RFC 6749, 6750, 7009, 7636), at the operator's addresses. */
export function buildProvider(custom: CustomProvider): Provider {
  const authentication = AUTHENTICATIONS[custom.token.clientAuthentication];
  const token = { url: custom.token.url, authentication };
  const identity = identityOf(custom);
  return defineProvider({
    name: custom.name,
    title: custom.title,
    sources: { checkedAt: 'declared by the operator', urls: [] },
    liveOnly: true,
    authorize: authorizeOf(custom),
    scopes: custom.scopes,
    token: {
      exchange: codeRequest(token),
      read: tokenReader(custom.token),
      defaultLife: custom.token.defaultLifeSeconds,
    },
    refresh: { ...refreshOf(custom), request: refreshRequest(token) },
    /** The refresh token: RFC 7009 2.1 has the access tokens of its grant go with it. */
    ...(custom.revoke && {
      revoke: revokeRequest({ url: custom.revoke.url, authentication }, ({ refreshToken, accessToken }) =>
        (refreshToken ?? accessToken).reveal(),
      ),
    }),
    identity,
    ...(custom.api && { api: { ...custom.api, isDenied: isTokenEndpoint(custom, custom.api.url) } }),
    probe: probeByIdentity(identity, seconds(custom.probe.everySeconds)),
    /** A server without refresh tokens may refuse the grant type in the same words as a wrong app. */
    ...(custom.refresh.mode !== 'none' && { appCheck: checkByRefreshToken(token, wordsAtToken(custom)) }),
    /** Beyond the operator's words the token endpoint is left to RFC 6749 5.2. */
    classify: {
      token: wordsAtToken(custom),
      api: (answer) => classifyByWords(custom.errors ?? {}, answer.json) ?? classifyBearer(answer),
    },
  });
}

/**
 * Whether a call would reach an endpoint of the operator's file that takes or ends tokens, also below it, in capital letters and
 * with parameters of a segment.
 */
function isTokenEndpoint({ token, revoke }: CustomProvider, apiUrl: string): (call: ApiCall) => boolean {
  const endpoints = [token.url, revoke?.url].flatMap((url) => (url === undefined ? [] : placeOf(url)));
  return ({ path }) => {
    const place = placeOf(`${apiUrl}${path}`);
    return endpoints.some((endpoint) => place === endpoint || place.startsWith(`${endpoint}/`));
  };
}

function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/;[^/]*/g, '')}`.toLowerCase().replace(/\/+$/, '');
}

const wordsAtToken =
  (custom: CustomProvider): Provider['classify']['token'] =>
  ({ json }) =>
    classifyByWords(custom.errors ?? {}, json);

/** The operator's lifetimes apply wherever the answer has none, also for a token that nothing renews. */
const tokenReader =
  ({ defaultLifeSeconds }: CustomProvider['token']) =>
  (json: unknown): TokenSet | undefined => {
    const tokens = readTokenResponse(json);
    return tokens && { ...tokens, expiresIn: tokens.expiresIn ?? defaultLifeSeconds };
  };

const authorizeOf = ({ authorize }: CustomProvider): Provider['authorize'] => ({
  url: authorize.url,
  clientIdParameter: 'client_id',
  scopeSeparator: authorize.scopeSeparator,
  pkce: () => (authorize.pkce ? s256 : undefined),
  ...(authorize.parameters && { parameters: authorize.parameters }),
  denials: ['access_denied'],
});

const refreshOf = ({ refresh }: CustomProvider): Pick<Provider['refresh'], 'mode' | 'grace'> =>
  refresh.mode === 'rotating_grace' ? { mode: refresh.mode, grace: refresh.graceSeconds } : { mode: refresh.mode };

const identityOf = ({ identity }: CustomProvider): Provider['identity'] => ({
  request: (accessToken) =>
    new PlatformRequest({
      method: 'GET',
      url: identity.url,
      headers: { authorization: `Bearer ${accessToken.reveal()}` },
    }),
  read: identityReader(identity),
});
