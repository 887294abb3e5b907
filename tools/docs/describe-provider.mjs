import { Secret } from '#observability';

/**
 * @typedef {import('#providers').Provider} Provider
 * @typedef {ReturnType<import('#providers').PlatformRequest['reveal']>} RequestParts
 * @typedef {Provider['authorize']} AuthorizeProfile
 */

/** @param {string} text */
const secret = (text) => new Secret(text);
const app = { clientId: 'THE-ID', clientSecret: secret('THE-SECRET') };
const tokens = { app, accessToken: secret('THE-ACCESS-TOKEN'), refreshToken: secret('THE-REFRESH-TOKEN') };
const WEB = 'https://connect.example.com/callback';
const LOOPBACK = 'http://localhost:3000/callback';

/**
 * Where a request goes, without its query.
 * @param {RequestParts} request
 */
const address = ({ method, url }) => `${method} ${url.split('?')[0]}`;

/**
 * What a definition does, read from the requests that it makes: the documentation cannot differ from what is sent.
 * @param {Provider} provider
 */
export function describeProvider(provider) {
  const exchange = provider.token
    .exchange({ app, code: secret('CODE'), redirectUri: WEB, verifier: secret('VERIFIER') })
    .reveal();
  const { identity, probe, revoke, refresh, scopes, token } = provider;
  return {
    token: address(exchange),
    authentication: authenticationOf(exchange),
    pkce: pkceOf(provider.authorize),
    longLived: token.prolong && address(token.prolong(tokens).reveal()),
    refresh: refresh.mode === 'none' ? undefined : address(refresh.request(tokens).reveal()),
    identity: address(identity.request(tokens.accessToken, scopes.default).reveal()),
    probe: address(probe.request({ ...tokens, scopes: scopes.default, platformAccountId: '1' }).reveal()),
    revoke: revoke && address(revoke(tokens).reveal()),
  };
}

/** @param {RequestParts} request */
function authenticationOf({ headers = {}, form = {}, url }) {
  if (headers.authorization?.startsWith('Basic ')) return 'HTTP Basic (id and secret in the `Authorization` header)';
  const query = Object.fromEntries(new URL(url).searchParams);
  /**
   * @param {Record<string, string>} fields
   * @param {string} value
   */
  const named = (fields, value) => Object.keys(fields).find((name) => fields[name] === value);
  const [id, key] = [named(form, 'THE-ID'), named(form, 'THE-SECRET')];
  if (id && key) return `\`${id}\` and \`${key}\` in the form`;
  if (named(query, 'THE-SECRET'))
    return `\`${named(query, 'THE-ID')}\` and \`${named(query, 'THE-SECRET')}\` in the query`;
  throw new Error(`no known way of client authentication in the request to ${url}`);
}

/** @param {AuthorizeProfile} profile */
function pkceOf({ pkce }) {
  const [web, loopback] = [formOf(pkce(WEB)), formOf(pkce(LOOPBACK))];
  return web === loopback ? web : `${web}; on loopback redirect URIs ${loopback}`;
}

/** @param {ReturnType<AuthorizeProfile['pkce']>} method */
function formOf(method) {
  if (!method) return 'none';
  return /^[0-9a-f]{64}$/.test(method.challenge('verifier')) ? `${method.name} in lower-case hex` : method.name;
}
