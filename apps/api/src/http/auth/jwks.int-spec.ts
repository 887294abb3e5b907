import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../../test/support/api.js';
import { JwksServer, SigningKey } from '../../../../../test/support/jwks-server.js';

const ISSUER = 'https://id.example';

let api: TestApi;
let server: JwksServer;
let keys: SigningKey[];

beforeAll(async () => {
  keys = await Promise.all([
    SigningKey.make('ec', 'ES256'),
    SigningKey.make('rsa', 'RS256'),
    SigningKey.make('ed', 'EdDSA'),
  ]);
  server = await JwksServer.start(...keys);
  api = await openTestApi({
    JWT_JWKS_URL: server.url,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: 'evergrant',
    JWT_WORKSPACE_CLAIM: 'org_id',
  });
});

afterAll(async () => {
  await api.close();
  await server.stop();
});

const statusOf = async (as: string): Promise<number> => (await api.call('/v1/accounts', { as })).status;
const claims = { org_id: 'acme' };

describe('an API with a JWKS URL', () => {
  it('accepts dashboard tokens signed with each kind of key, and takes the workspace from the configured claim', async () => {
    for (const key of keys) expect(await statusOf(await key.sign({ claims }))).toBe(200);
    expect(await statusOf(await keys[0]!.sign())).toBe(401);
    const made = await api.post('/v1/api-keys', await keys[1]!.sign({ claims }), { name: 'of acme' });
    expect(made.status).toBe(201);
    const listed = await api.call('/v1/api-keys', { as: await keys[2]!.sign({ claims }) });
    expect(await listed.json()).toEqual([expect.objectContaining({ name: 'of acme' })]);
  });

  it('accepts tokens signed with the key of the file too, with the same issuer and audience', async () => {
    expect(await statusOf(await api.token({ issuer: ISSUER, claims }))).toBe(200);
    expect(await statusOf(await api.token({ claims }))).toBe(401);
  });

  it('answers 401 to unknown keys, other algorithms, other issuers and other audiences', async () => {
    const [es256] = keys;
    for (const overrides of [{ kid: 'unknown' }, { kid: 'rsa' }, { issuer: 'evergrant' }, { audience: 'another' }])
      expect(await statusOf(await es256!.sign({ claims, ...overrides }))).toBe(401);
  });

  // Last: the server does not come back.
  it('uses the loaded keys while the URL does not answer, is ready, and answers 401 to unknown keys', async () => {
    await server.stop();
    expect(await statusOf(await keys[0]!.sign({ claims }))).toBe(200);
    expect(await statusOf(await keys[0]!.sign({ claims, kid: 'unknown' }))).toBe(401);
    expect((await api.call('/health/live')).status).toBe(200);
    const { checks } = (await (await api.call('/health/ready')).json()) as { checks: object };
    expect(JSON.stringify(checks)).not.toMatch(/jwks/i);
  });
});
