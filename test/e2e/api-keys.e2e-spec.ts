import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Backend, type Reply } from '../support/backend.js';
import { signDashboardToken } from '../support/dashboard-token.js';
import { session } from '../support/service.js';

interface Key {
  id: string;
  key: string;
  key_prefix: string;
  environment: string;
  scopes: string[];
}

let dashboard: Backend;

beforeAll(async () => {
  dashboard = new Backend(
    session(),
    await signDashboardToken(session().home, `keys-${randomBytes(6).toString('hex')}`),
  );
});

const make = async (by: Backend, fields: object): Promise<Reply<Key>> =>
  (await by.post('/v1/api-keys', { name: 'a key', environment: 'test', ...fields })) as Reply<Key>;
const post = (fields: object = {}): Promise<Reply<Key>> => make(dashboard, fields);
const as = ({ key }: Key): Backend => new Backend(session(), key);
const refused = ({ status, body }: Reply): [number, string, string | undefined] => {
  const { code, errors } = body as { code: string; errors?: [{ field: string }] };
  return [status, code, errors?.[0].field];
};

describe('POST /v1/api-keys', () => {
  it('answers 201 with the key, the only time, which works at once; its scopes are all but the last four', async () => {
    const { status, body } = await post({ return_hosts: ['app.example'] });
    expect([status, body]).toMatchObject([
      201,
      {
        ...{ id: expect.stringMatching(/^key_/), name: 'a key', environment: 'test', return_hosts: ['app.example'] },
        ...{
          key: expect.stringMatching(/^dra_test_[0-9A-Za-z]{49}$/),
          created_at: expect.any(String),
          expires_at: null,
        },
        created_by: null,
      },
    ]);
    expect(body.key.startsWith(body.key_prefix)).toBe(true);
    for (const scope of ['webhooks:write', 'leases:write', 'tokens:read', 'keys:write'])
      expect(body.scopes).not.toContain(scope);
    expect((await as(body).get('/v1/accounts')).status).toBe(200);
  });

  it('gives no key more than its maker: 403 scope.missing for scopes, 400 with the field for hosts and end', async () => {
    const fields = {
      scopes: ['keys:write', 'accounts:read'],
      return_hosts: ['a.example'],
      expires_at: '2099-01-01T00:00:00Z',
    };
    const maker = as((await post(fields)).body);
    const child = (more: object): Promise<Reply<Key>> => make(maker, { scopes: ['accounts:read'], ...more });
    expect(refused(await child({ scopes: ['apps:read'] })).slice(0, 2)).toEqual([403, 'scope.missing']);
    expect(refused(await child({ return_hosts: ['b.example'] }))[2]).toMatch(/^return_hosts/);
    expect(refused(await child({ expires_at: '2100-01-01T00:00:00Z' }))).toEqual([
      400,
      'validation.failed',
      'expires_at',
    ]);
    expect((await child({})).body).toMatchObject({
      expires_at: '2099-01-01T00:00:00Z',
      created_by: expect.stringMatching(/^key_/),
    });
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'n'.repeat(81) }],
    ['environment', { environment: 'stage' }],
    ['scopes.0', { scopes: ['everything'] }],
    ['owner', { owner: 'us' }],
  ])('answers 400 and names %s', async (field, fields) => {
    expect(refused(await post(fields))).toEqual([400, 'validation.failed', field]);
  });
});

describe('GET /v1/api-keys', () => {
  it('answers 200 with a bare array without any key; 403 without keys:write', async () => {
    const { status, body } = await dashboard.request('GET', '/v1/api-keys', { headers: { 'x-environment': 'test' } });
    expect([status, Array.isArray(body)]).toEqual([200, true]);
    expect((body as object[])[0]).toMatchObject({ key_prefix: expect.stringMatching(/^dra_test_/) });
    expect(JSON.stringify(body)).not.toMatch(/dra_test_\w{20}/);
    const reader = as((await post({ scopes: ['accounts:read'] })).body);
    expect(refused(await reader.get('/v1/api-keys')).slice(0, 2)).toEqual([403, 'scope.missing']);
  });
});

describe('DELETE /v1/api-keys/{id}', () => {
  it('answers 204, takes effect with the next request and for the keys that it made, and 404 the second time', async () => {
    const { body } = await post({ scopes: ['keys:write', 'accounts:read'] });
    const child = (await as(body).post('/v1/api-keys', { name: 'child', scopes: ['accounts:read'] })).body as Key;
    const remove = (): Promise<Reply> =>
      dashboard.request('DELETE', `/v1/api-keys/${body.id}`, { headers: { 'x-environment': 'test' } });
    expect((await remove()).status).toBe(204);
    for (const key of [body, child]) {
      const { status, headers } = await as(key).get('/v1/accounts');
      expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Bearer/)]);
    }
    expect(refused(await remove()).slice(0, 2)).toEqual([404, 'api_key.not_found']);
  });
});
