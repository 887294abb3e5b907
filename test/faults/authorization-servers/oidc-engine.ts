import { generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Engine, type EngineSettings, REFRESH_TOKEN_LIFE } from './engine.js';
import { fingerprint } from './fingerprint.js';
import { MapAdapter, MapStore } from './map-adapter.js';

interface Model {
  save(): Promise<string>;
}
type ModelClass = new (fields: object) => Model;
interface Grant extends Model {
  addOIDCScope(scope: string): void;
}

/** The little of oidc-provider that is used here. */
interface OidcProvider {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  Client: { find(id: string): Promise<object | undefined> };
  Grant: new (fields: object) => Grant;
  AccessToken: ModelClass;
  RefreshToken: ModelClass;
}

/** Not a literal: the package ships no types, and the compiler would require them. */
const PACKAGE: string = 'oidc-provider';
const SCOPE = 'openid offline_access';
const TOKENS = ['AccessToken', 'RefreshToken'] as const;

/** oidc-provider: rotates every refresh token, and treats a repeated one as theft: it then revokes the whole grant. */
export async function oidcEngine(settings: EngineSettings): Promise<Engine> {
  const store = new MapStore();
  const provider = await openProvider(settings, store);
  const callback = provider.callback();
  const client = await provider.Client.find(settings.client.id);
  const grants = new Map<string, string>();
  const owners = new Map<string, string>();

  return {
    handle: (request, response) => callback(request, response),
    async seed(userId) {
      const grant = new provider.Grant({ accountId: userId, clientId: settings.client.id });
      grant.addOIDCScope(SCOPE);
      const grantId = await grant.save();
      grants.set(userId, grantId);
      owners.set(grantId, userId);
      const fields = {
        accountId: userId,
        client,
        grantId,
        scope: SCOPE,
        gty: 'authorization_code',
        expiresWithSession: false,
      };
      const refreshToken = await new provider.RefreshToken({
        ...fields,
        rotations: 0,
        iiat: Math.floor(Date.now() / 1_000),
      }).save();
      const accessToken = await new provider.AccessToken(fields).save();
      return { userId, accessToken, refreshToken, expiresIn: settings.knobs.accessTokenLife };
    },
    truth(userId) {
      const grantId = grants.get(userId) ?? '';
      const revoked = !store.model('Grant').has(grantId);
      const leaf = store
        .ofGrant('RefreshToken', grantId)
        .findLast((id) => !store.model('RefreshToken').get(id)?.consumed);
      return { userId, leaf: revoked || leaf === undefined ? null : fingerprint(leaf), revoked };
    },
    userIds: () => [...grants.keys()],
    ownerOf: (refreshToken) => store.model('RefreshToken').get(refreshToken)?.accountId ?? null,
    async revoke(userId) {
      const grantId = grants.get(userId) ?? '';
      for (const name of TOKENS) await new MapAdapter(name, store).revokeByGrantId(grantId);
      store.remove('Grant', grantId);
    },
  };
}

async function openProvider({ url, client, knobs }: EngineSettings, store: MapStore): Promise<OidcProvider> {
  const { default: Provider } = (await import(PACKAGE)) as {
    default: new (issuer: string, configuration: object) => OidcProvider;
  };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return new Provider(url, {
    adapter: class extends MapAdapter {
      constructor(name: string) {
        super(name, store);
      }
    },
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [client.redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        application_type: 'native',
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id }),
    }),
    features: { revocation: { enabled: true }, devInteractions: { enabled: false } },
    scopes: SCOPE.split(' '),
    claims: { openid: ['sub', 'preferred_username'] },
    clockTolerance: 0,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: () => knobs.accessTokenLife,
      RefreshToken: REFRESH_TOKEN_LIFE,
      Grant: REFRESH_TOKEN_LIFE,
      IdToken: 3_600,
    },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['not a secret: the server has no sign-in'] },
  });
}
