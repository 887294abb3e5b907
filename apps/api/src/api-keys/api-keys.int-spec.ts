import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { DEFAULT_SCOPES } from '../http/scope.js';

let api: TestApi;
let maker: string;

interface Made {
  id: string;
  key: string;
  scopes: string[];
}

beforeAll(async () => {
  api = await openTestApi();
  maker = await api.key();
});

afterAll(() => api.close());

const make = async (as: string, body: object): Promise<Made> => {
  const response = await api.post('/v1/api-keys', as, body);
  expect(response.status).toBe(201);
  return (await response.json()) as Made;
};

describe('API keys', () => {
  it('are shown once, work, are listed without their secret, and end for good', async () => {
    const made = await make(maker, { name: ' CI ', scopes: ['accounts:read', 'accounts:read'], return_hosts: ['App.Example.com:8443'] });
    expect(made).toEqual({
      id: expect.stringMatching(/^key_[0-9a-z]{26}$/),
      name: 'CI',
      key: expect.stringMatching(/^dra_test_[0-9A-Za-z]{49}$/),
      key_prefix: made.key.slice(0, 13),
      environment: 'test',
      scopes: ['accounts:read'],
      return_hosts: ['app.example.com:8443'],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      expires_at: null,
    });
    expect((await api.call('/v1/accounts', { as: made.key })).status).toBe(200);

    const list = await (await api.call('/v1/api-keys', { as: maker })).text();
    expect(list).toContain(made.id);
    expect(list).not.toContain(made.key.slice(13));

    expect((await api.call(`/v1/api-keys/${made.id}`, { as: maker, method: 'DELETE' })).status).toBe(204);
    expect((await api.call('/v1/accounts', { as: made.key })).status).toBe(401);
    expect((await api.call(`/v1/api-keys/${made.id}`, { as: maker, method: 'DELETE' })).status).toBe(404);
    expect(await (await api.call('/v1/api-keys', { as: maker })).text()).not.toContain(made.id);
  });

  it('are nowhere in the database', async () => {
    const { key } = await make(maker, { name: 'hidden' });
    const pool = new pg.Pool({ connectionString: api.database.url });
    const { rows } = await pool.query('select to_jsonb(api_keys)::text as row from api_keys');
    await pool.end();
    expect(rows.map(({ row }) => String(row)).join()).not.toContain(key.slice(13));
  });

  it('have all scopes but the dangerous ones, unless told otherwise', async () => {
    expect((await make(maker, { name: 'plain' })).scopes).toEqual(DEFAULT_SCOPES);
  });

  it('are never more than their maker', async () => {
    const { key } = await make(maker, { name: 'small', scopes: ['keys:write', 'accounts:read'] });
    expect((await make(key, { name: 'smaller' })).scopes).toEqual(['accounts:read']);
    const greedy = await api.post('/v1/api-keys', key, { name: 'greedy', scopes: ['accounts:read', 'tokens:read'] });
    expect(greedy.status).toBe(403);
    expect(await greedy.json()).toMatchObject({ code: 'scope.missing', detail: expect.stringContaining('tokens:read') });
    const dashboard = await api.post('/v1/api-keys', await api.token(), { name: 'greedy', scopes: ['tokens:read'] });
    expect(dashboard.status).toBe(403);
  });

  it('of one environment make none of the other, and set no limits', async () => {
    expect((await api.post('/v1/api-keys', maker, { name: 'a', environment: 'live' })).status).toBe(403);
    expect((await api.post('/v1/api-keys', maker, { name: 'a', rate_limits: { read: 9 } })).status).toBe(403);
    const token = await api.token();
    expect(await make(token, { name: 'a', rate_limits: { read: 9 } })).toMatchObject({ environment: 'live' });
    expect(await make(token, { name: 'a', environment: 'test' })).toMatchObject({ environment: 'test' });
  });

  it.each([
    ['no name', {}],
    ['a long name', { name: 'a'.repeat(81) }],
    ['an unknown scope', { name: 'a', scopes: ['everything'] }],
    ['too many hosts', { name: 'a', return_hosts: Array.from({ length: 21 }, (_, at) => `h${at}.example`) }],
    ['a URL as host', { name: 'a', return_hosts: ['https://app.example.com'] }],
    ['an end in the past', { name: 'a', expires_at: '2020-01-01T00:00:00Z' }],
    ['an end without a zone', { name: 'a', expires_at: '2090-01-01T00:00:00' }],
  ])('are refused with %s', async (_what, body) => {
    const response = await api.post('/v1/api-keys', maker, body);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'validation.failed']);
  });

  it('of another tenant are not there', async () => {
    const { id } = await make(maker, { name: 'mine' });
    const stranger = await api.key({ workspace: 'stranger' });
    const live = await api.key({ environment: 'live' });
    for (const as of [stranger, live]) {
      expect((await api.call(`/v1/api-keys/${id}`, { as, method: 'DELETE' })).status).toBe(404);
    }
  });

  it('are not for a key without keys:write', async () => {
    expect((await api.call('/v1/api-keys', { as: await api.key({ scopes: ['accounts:read'] }) })).status).toBe(403);
  });
});
