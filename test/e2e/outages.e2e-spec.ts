import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, Backend, type Reply, reply, until } from '../support/backend.js';
import { launch, type Launched } from '../support/launch.mjs';
import { readProjectsOperations } from '../support/projects-operations.js';
import { freePorts } from '../support/free-ports.js';
import { strike } from '../support/service-processes.mjs';

/** A service of its own, since the outages would affect other tests. */
let home: string;
let launched: Launched;
let backend: Backend;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'evergrant-outages-'));
  useAnotherQueue();
  launched = launch({ home, ...(await freePorts()) });
  await launched.ready();
  const written = JSON.parse(await readFile(join(home, 'session.json'), 'utf8')) as Record<string, string>;
  backend = new Backend({ apiUrl: written.api_url!, sandboxUrl: written.sandbox_url!, home }, written.test_api_key!);
}, 180_000);

afterAll(async () => {
  launched.signal('SIGTERM');
  expect(await launched.exited).toBe(0);
  await rm(home, { recursive: true, force: true });
}, 60_000);

// A stopped platform has none.
afterEach(() => backend.control('DELETE', '/faults').catch(() => undefined));

/** Two services on one Redis would take each other's jobs. */
function useAnotherQueue(): void {
  if (process.env.REDIS_URL) process.env.REDIS_URL = `${process.env.REDIS_URL.replace(/\/\d*$/, '')}/7`;
}

const ready = (): Promise<Reply> => reply(`${backend.service.apiUrl}/health/ready`);
const isReady = ({ status }: Reply): boolean => status === 200;
const unwell = async (name: string): Promise<void> => {
  const answer = await until(ready, ({ status }) => status === 503, 20);
  expect((answer.body as { checks: object[] }).checks).toContainEqual(expect.objectContaining({ name, ok: false }));
  expect((await reply(`${backend.service.apiUrl}/health/live`)).status).toBe(200);
};
const refresh = (id: string): Promise<Reply> => backend.post(`/v1/accounts/${id}/refresh`);
/** Checks that the answer has a Retry-After. */
const expectLater = ({ status, headers, body }: Reply, expected: [status: number, code: string]): void => {
  expect([status, (body as { code: string }).code]).toEqual(expected);
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
};

describe('a platform that is unreachable', () => {
  let account: Account;

  it('is reported as 502 with a Retry-After, and loses no account', async () => {
    account = await backend.connect('x');
    await backend.pass(61);
    const { authorize_url } = await backend.start('x', '?user_ref=late');
    const back = await backend.decide(authorize_url, 'paula');
    await strike(home, 'sandbox', 'SIGKILL');
    expectLater(await refresh(account.id), [502, 'provider.unavailable']);
    const landed = await reply(back, { redirect: 'manual' });
    expect(landed.headers.get('location')).toMatch(/\/connected\?oauth_error=provider_unavailable$/);
    await unwell('sandbox');
    expect((await backend.get('/v1/accounts')).body).toMatchObject({
      items: [{ id: account.id, health: 'degraded', health_reason: 'provider_unavailable' }],
    });
  });

  it('recovers without an operator, and so does the account', async () => {
    await until(ready, isReady, 40);
    await backend.pass(60);
    const recovered = await backend.accountUntil(
      account.id,
      ({ health, last_refreshed_at: at }) => health === 'active' && at !== null,
    );
    expect(recovered.health_reason).toBeNull();
  });

  it('makes the service not ready while it answers nothing', async () => {
    await strike(home, 'sandbox', 'SIGSTOP');
    try {
      await unwell('sandbox');
    } finally {
      await strike(home, 'sandbox', 'SIGCONT');
    }
    await until(ready, isReady, 30);
  });
});

/** The earlier accounts are removed; one account is due, and its request has reached the platform, which answers slowly. */
async function caughtInARefresh(persona: string, fault: object): Promise<{ account: Account; since: number }> {
  const { items } = (await backend.get('/v1/accounts')).body as { items: Account[] };
  for (const { id } of items) await backend.delete(`/v1/accounts/${id}`);
  const account = await backend.connect('x', persona);
  const since = (await refreshesSince(0)).at(-1)?.seq ?? 0;
  await backend.control('POST', '/faults', { provider: 'x', endpoint: 'token', ...fault });
  await backend.pass(102);
  await until(
    () => backend.control('GET', '/faults'),
    ({ body }) => (body as unknown[]).length === 0,
    90,
  );
  return { account, since };
}

async function refreshesSince(since: number): Promise<{ seq: number; outcome: string }[]> {
  const { body } = await backend.control('GET', `/calls?provider=x&endpoint=token&since=${since}`);
  return (body as { seq: number; grant_type?: string; outcome: string }[]).filter(
    ({ grant_type: type }) => type === 'refresh_token',
  );
}
const isRefreshed = ({ health, last_refreshed_at: at }: Account): boolean => health === 'active' && at !== null;

describe('a worker that is killed in the middle of a refresh', () => {
  it('loses nothing: the exchanger receives the answer and stores it, and the worker continues', async () => {
    const { account, since } = await caughtInARefresh('omar', { delay_ms: 6_000 });
    await strike(home, 'worker', 'SIGKILL');
    await backend.accountUntil(account.id, isRefreshed, 40);
    expect((await refreshesSince(since)).map(({ outcome }) => outcome)).toEqual(['ok']);

    const another = await backend.connect('x', 'paula');
    await backend.pass(102);
    await backend.accountUntil(another.id, isRefreshed, 40);
  }, 120_000);
});

describe('an exchanger that is killed in the middle of a refresh', () => {
  it('finds the sent request in its journal, and sends it again before any other request', async () => {
    const { account } = await caughtInARefresh('happy', { status: 503, delay_ms: 20_000 });
    await strike(home, 'exchanger', 'SIGKILL');
    await backend.accountUntil(account.id, isRefreshed, 40);
    await backend.pass(61);
    const refreshed = await refresh(account.id);
    expect([refreshed.status, refreshed.body]).toMatchObject([200, { health: 'active' }]);
  }, 240_000);
});

describe('a database that is unreachable', () => {
  let account: Account;
  let state: string;
  let back: string;

  it('is reported as 503 with a Retry-After; each endpoint of the projects surface answers 503 in its envelope', async () => {
    const { operations, declared } = await readProjectsOperations(backend.service.apiUrl);
    account = await backend.connect('x', 'mei');
    const started = await backend.start('tiktok');
    state = started.state;
    back = await backend.decide(started.authorize_url, 'paula');
    await strike(home, 'postgres', 'SIGKILL');
    // A backend of a killed postmaster may answer one more query before it notices.
    const list = (): Promise<Reply> => backend.get('/v1/accounts');
    expectLater(await until(list, ({ status }) => status !== 200, 10), [503, 'database.unavailable']);
    const landed = await reply(back, { redirect: 'manual' });
    expect([landed.status, landed.headers.get('retry-after')]).toEqual([503, '5']);
    for (const { name, method, path } of operations) {
      const headers = { authorization: `Bearer ${backend.key}` };
      const refused = await fetch(`${backend.service.apiUrl}${path}`, { method, headers });
      await declared.check(method, path, refused);
      expect([name, refused.status, refused.headers.get('retry-after')]).toEqual([name, 503, '5']);
      expect(await refused.json()).toMatchObject({ error: { code: 'UNAVAILABLE' } });
    }
    await unwell('database');
  }, 60_000);

  it('leaves a service and data that recover without an operator', async () => {
    await until(ready, isReady, 60);
    expect(await backend.account(account.id)).toMatchObject({ health: 'active' });
    const late = await reply(back, { redirect: 'manual' });
    expect(late.headers.get('location')).toMatch(/\/connected\?connected=tiktok$/);
    expect((await backend.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({ status: 'completed' });
  }, 60_000);

  it('does not stop the worker afterwards', async () => {
    const account = await backend.connect('x', 'mei');
    await backend.pass(102);
    const refreshed = await backend.accountUntil(
      account.id,
      ({ token_expires_at: at }) => at !== account.token_expires_at,
      60,
    );
    expect(refreshed.health).toBe('active');
  }, 90_000);
});
