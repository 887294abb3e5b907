const today = () => new Date().toISOString().slice(0, 10);
const titleOf = (name) => name[0].toUpperCase() + name.slice(1);

/** What a platform's folder holds at first: the standard, and addresses that lead nowhere. */
export const templates = (name) => ({
  [`${name}.provider.ts`]: provider(name),
  [`${name}.errors.ts`]: errors(name),
  [`${name}.sandbox.ts`]: sandbox(name),
  [`${name}.provider.spec.ts`]: spec(name),
});

const provider = (name) => `import { z } from 'zod';
import { hours } from '#config';
import { PlatformRequest } from '../contract/http.js';
import type { Identity } from '../contract/outcome.js';
import { defineProvider, type Provider } from '../contract/provider.js';
import { secretInBody } from '../oauth/client-authentication.js';
import { s256 } from '../oauth/pkce.js';
import { probeByIdentity } from '../oauth/probe-by-identity.js';
import { codeRequest, refreshRequest } from '../oauth/token-requests.js';
import { readTokenResponse } from '../oauth/token-response.js';
import { classifyApi, classifyToken } from './${name}.errors.js';

const token = { url: 'https://api.${name}.invalid/oauth/token', authentication: secretInBody() };

const identity: Provider['identity'] = {
  request: (accessToken) =>
    new PlatformRequest({
      method: 'GET',
      url: 'https://api.${name}.invalid/me',
      headers: { authorization: \`Bearer \${accessToken.reveal()}\` },
    }),
  read: readUser,
};

/** ${titleOf(name)}: what is particular about it. */
export const ${name} = defineProvider({
  name: '${name}',
  title: '${titleOf(name)}',
  sources: { checkedAt: '${today()}', urls: [] },
  authorize: {
    url: 'https://www.${name}.invalid/oauth/authorize',
    clientIdParameter: 'client_id',
    scopeSeparator: ' ',
    pkce: () => s256,
    denials: ['access_denied'],
  },
  scopes: { default: [], required: [] },
  token: { exchange: codeRequest(token), read: readTokenResponse, defaultLife: 3_600 },
  refresh: { mode: 'rotating_strict', request: refreshRequest(token) },
  identity,
  probe: probeByIdentity(identity, hours(6)),
  classify: { token: classifyToken, api: classifyApi },
});

const User = z.object({ id: z.string().min(1), username: z.string().nullish(), name: z.string().nullish() });

function readUser(json: unknown): Identity | undefined {
  const { data } = User.safeParse(json);
  if (!data) return undefined;
  const { id, username, name } = data;
  return { platformUserId: id, platformAccountId: id, handle: username ?? null, displayName: name ?? null, avatarUrl: null };
}
`;

const errors = (name) => `import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

/** The token endpoint of ${titleOf(name)}: what is not listed is left to RFC 6749 5.2. */
export const classifyToken = (): Failure | undefined => undefined;

/** The API of ${titleOf(name)}. */
export function classifyApi({ status }: ReadAnswer): Failure | undefined {
  return status === 401 ? { class: 'permanent', reason: 'grant_revoked', code: 'http_401' } : undefined;
}
`;

const sandbox = (name) => `import { days, minutes } from '#config';
import {
  authenticateClient,
  bearerOf,
  defineSandbox,
  holderOf,
  type Issued,
  need,
  personaOf,
  type Platform,
  randomText,
  readScopes,
  Refusal,
  type SandboxAnswer,
  type SandboxRequest,
  tokenEndpoint,
} from '../sandbox/index.js';

const scopes = {};

const client = ({ form }: SandboxRequest, platform: Platform): string =>
  authenticateClient(platform, need(form, 'client_id'), need(form, 'client_secret'));

const answer = (issued: Issued): object => ({
  token_type: 'Bearer',
  access_token: issued.accessToken,
  expires_in: issued.expiresIn,
  scope: issued.scopes.join(' '),
  ...(issued.refreshToken && { refresh_token: issued.refreshToken }),
});

function me({ authorization }: SandboxRequest, platform: Platform): SandboxAnswer {
  const persona = personaOf(holderOf(platform, bearerOf(authorization)));
  return { status: 200, body: { id: persona.number, username: persona.handle, name: persona.displayName } };
}

const refuseToken = ({ reason }: Refusal): SandboxAnswer => ({ status: 400, body: { error: 'invalid_grant', error_description: reason } });
const refuseApi = ({ reason }: Refusal): SandboxAnswer => ({ status: 401, body: { error: reason } });

/** ${titleOf(name)}, imitated. */
export const ${name}Sandbox = defineSandbox({
  name: '${name}',
  title: '${titleOf(name)}',
  scopes,
  impossiblePersonas: {},
  tokens: {
    codeLife: minutes(10),
    accessLife: minutes(2),
    refreshLife: days(180),
    rotation: true,
    grace: 0,
    familyRevocation: false,
    refreshEndsOldAccess: true,
    oneGrantPerPerson: false,
    newAccessToken: () => randomText(64),
    newRefreshToken: () => randomText(64),
  },
  authorize: {
    url: 'https://www.${name}.invalid/oauth/authorize',
    read(query) {
      if (need(query, 'response_type') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      return {
        clientId: need(query, 'client_id'),
        redirectUri: need(query, 'redirect_uri'),
        scopes: readScopes(need(query, 'scope'), ' ', scopes),
        challenge: { value: need(query, 'code_challenge'), forms: ['base64url-s256'] },
        ...(query.state && { state: query.state }),
      };
    },
    approved: (code) => ({ code }),
    denied: () => ({ error: 'access_denied' }),
    newCode: () => randomText(64),
  },
  endpoints: [
    { endpoint: 'token', method: 'POST', url: 'https://api.${name}.invalid/oauth/token', handle: tokenEndpoint({ client, answer }), refuse: refuseToken },
    { endpoint: 'identity', method: 'GET', url: 'https://api.${name}.invalid/me', handle: me, refuse: refuseApi },
  ],
});
`;

const spec = (name) => `import { describe, expect, it } from '@jest/globals';
import { ${name} } from './${name}.provider.js';

describe('${titleOf(name)}', () => {
  it('names a person by an id that is a string', () => {
    expect(${name}.identity.read({ id: '1', username: 'hanna', name: 'Hanna' })).toMatchObject({ platformUserId: '1', handle: 'hanna' });
    expect(${name}.identity.read({})).toBeUndefined();
  });
});
`;
