import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});

afterAll(() => api.close());

describe('rate limits', () => {
  it('puts the limit into every response to a credential, refusals too', async () => {
    const key = await api.key({ scopes: ['accounts:read'] });
    const read = await api.call('/v1/accounts', { as: key });
    expect(read.headers.get('ratelimit-policy')).toBe('"read";q=1200;w=60');
    expect(read.headers.get('ratelimit')).toMatch(/^"read";r=1199;t=(60|5\d)$/);
    const refused = await api.call('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/refresh', { as: key, method: 'POST' });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('ratelimit-policy')).toBe('"heavy";q=60;w=60');
  });

  it('uses the limits of the key where it has its own, and counts each class separately', async () => {
    const key = await api.key({ rateLimits: { read: 2 } });
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await api.call('/v1/accounts', { as: key })).status);
    expect(statuses).toEqual([200, 200, 429]);
    const last = await api.call('/v1/accounts', { as: key });
    expect(await last.json()).toMatchObject({ code: 'rate_limit.exceeded', status: 429 });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last.headers.get('ratelimit')).toMatch(/^"read";r=0;/);
    expect((await api.post('/v1/api-keys', key, {})).status).toBe(400);
    expect((await api.call('/v1/accounts', { as: await api.key() })).status).toBe(200);
  });

  it('counts the requests of all processes together', async () => {
    const key = await api.key({ rateLimits: { read: 5 }, name: 'shared' });
    await api.call('/v1/accounts', { as: key });
    const pool = new pg.Pool({ connectionString: api.database.url });
    const { rowCount } = await pool.query(
      "update rate_limits set points = 5 where key = (select 'key:' || id || ':read' from api_keys where name = 'shared')",
    );
    await pool.end();
    expect(rowCount).toBe(1);
    expect((await api.call('/v1/accounts', { as: key })).status).toBe(429);
  });

  it('limits a dashboard token by the default limits, for all tokens of its workspace together', async () => {
    expect((await api.call('/v1/accounts', { as: await api.token() })).status).toBe(200);
    const pool = new pg.Pool({ connectionString: api.database.url });
    const { rowCount } = await pool.query("update rate_limits set points = 1200 where key like 'jwt:%:read'");
    await pool.end();
    expect(rowCount).toBe(1);
    expect((await api.call('/v1/accounts', { as: await api.token() })).status).toBe(429);
  });

  it('refuses no request when the store of the counts fails', async () => {
    const pool = new pg.Pool({ connectionString: api.database.url });
    await pool.query('alter table rate_limits rename to gone');
    const response = await api.call('/v1/accounts', { as: await api.key() });
    await pool.query('alter table gone rename to rate_limits');
    await pool.end();
    expect(response.status).toBe(200);
    expect(response.headers.get('ratelimit')).toMatch(/^"read";r=1199;/);
  });
});
