import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { openTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { Readiness } from './readiness.js';

let api: TestApi;
let wire: TcpProxy;

beforeAll(async () => {
  api = await openTestApi(async (databaseUrl) => {
    wire = await openTcpProxy(databaseUrl);
    return { DATABASE_URL: wire.url };
  });
});

afterAll(async () => {
  await api.close();
  await wire.cut();
});

const EXCHANGER = { name: 'exchanger', ok: true };

describe('the health of the process', () => {
  it('requires no credential', async () => {
    expect(await (await api.call('/health/live')).json()).toEqual({ status: 'ok' });
    const ready = await api.call('/health/ready');
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ready', checks: [{ name: 'database', ok: true }, EXCHANGER] },
    ]);
  });

  it('reports an unavailable database with Retry-After, and recovers automatically', async () => {
    const key = await api.key();
    expect((await api.call('/v1/accounts', { as: key })).status).toBe(200);
    await wire.cut();
    for (let round = 0; round < 2; round += 1) {
      const ready = await api.call('/health/ready');
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { status: 'not_ready', checks: [{ name: 'database', ok: false, reason: 'cannot be reached' }, EXCHANGER] },
      ]);
      expect((await api.call('/health/live')).status).toBe(200);
      const refused = await api.call('/v1/accounts', { as: key });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await refused.json()).toMatchObject({ code: 'database.unavailable' });
    }
    await wire.mend();
    expect((await api.call('/health/ready')).status).toBe(200);
    expect((await api.call('/v1/accounts', { as: key })).status).toBe(200);
  });

  it('shows a browser a page while the database is unavailable', async () => {
    const started = (await (await api.call('/v1/oauth/x/start', { as: await appOwner() })).json()) as { state: string };
    await wire.cut();
    const response = await api.call(`/v1/oauth/x/callback?code=1&state=${started.state}`);
    await wire.mend();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await response.text()).toContain('<h1>The service is not available</h1>');
  });

  it('is not ready while it closes', async () => {
    api.app.get(Readiness, { strict: false }).beginClosing();
    expect(await (await api.call('/health/ready')).json()).toMatchObject({
      checks: [{ name: 'process', reason: 'is closing' }],
    });
  });
});

async function appOwner(): Promise<string> {
  const key = await api.key();
  await api.post('/v1/oauth-apps', key, { provider: 'x', name: 'X', client_id: 'abc', client_secret: 'shh' });
  return key;
}
