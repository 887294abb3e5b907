import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Account, Backend, type Reply, reply, until } from '../support/backend.js';
import { freePorts } from '../support/free-ports.js';
import { launch, type Launched } from '../support/launch.mjs';
import { startSecondApi } from '../support/second-api.js';
import { dashboardToken, processOf, strike } from '../support/service-processes.mjs';

/** A service of its own, since its processes are killed. */
let home: string;
let launched: Launched;
let backend: Backend;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'evergrant-exchanger-'));
  if (process.env.REDIS_URL) process.env.REDIS_URL = `${process.env.REDIS_URL.replace(/\/\d*$/, '')}/6`;
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

beforeEach(() => backend.control('DELETE', '/faults'));

const slow = (milliseconds: number): Promise<Reply> =>
  backend.control('POST', '/faults', { provider: 'x', endpoint: 'token', delay_ms: milliseconds });
const refresh = (id: string, by = backend): Promise<Reply> => by.post(`/v1/accounts/${id}/refresh`);

/** A busy machine's API may have no free connection to its database for a while; its answer has a Retry-After. */
async function refreshWithRetries(id: string, by: Backend): Promise<Reply> {
  const answer = await refresh(id, by);
  if ((answer.body as { code?: string }).code !== 'database.unavailable') return answer;
  await pause(Number(answer.headers.get('retry-after')) * 1_000);
  return refreshWithRetries(id, by);
}

interface Call {
  seq: number;
  grant_type?: string;
  outcome: string;
  persona?: string;
}

async function tokenCalls(since = 0): Promise<Call[]> {
  return (await backend.control('GET', `/calls?provider=x&endpoint=token&since=${since}`)).body as Call[];
}
const refreshesOf = async (persona: string, since: number): Promise<Call[]> =>
  (await tokenCalls(since)).filter((call) => call.persona === persona && call.grant_type === 'refresh_token');
const latest = async (): Promise<number> => (await tokenCalls()).at(-1)?.seq ?? 0;
/** Waits until the platform has received one more call. */
const called = (since: number): Promise<unknown> =>
  until(
    () => tokenCalls(since),
    (calls) => calls.length > 0,
    30,
  );

/** Keys of the same workspace: one alone may request sixty refreshes a minute. */
async function freshKeys(count: number): Promise<string[]> {
  const owner = new Backend(backend.service, dashboardToken(home, 'default'));
  const made = await Promise.all(
    Array.from({ length: count }, () => owner.post('/v1/api-keys', { name: 'e2e', environment: 'test' })),
  );
  return made.map(({ body }) => (body as { key: string }).key);
}

/** An account whose token may be refreshed again. */
async function connected(persona: string): Promise<Account> {
  const account = await backend.connect('x', persona);
  await backend.pass(61);
  return account;
}

const exchangerCheck = async (): Promise<unknown> => {
  const { status, body } = await reply(`${backend.service.apiUrl}/health/ready`);
  const { checks } = body as { checks: { name: string }[] };
  return { status, ...checks.find(({ name }) => name === 'exchanger') };
};

describe('five hundred refreshes of one account', () => {
  it.each([0, 8_000])(
    'five hundred calls at two API processes are one request to the platform, which takes %d ms',
    async (delay) => {
      const account = await connected('happy');
      const second = await startSecondApi(backend.service);
      try {
        const other = new Backend({ ...backend.service, apiUrl: second.apiUrl }, backend.key);
        const since = await latest();
        if (delay > 0) await slow(delay);
        const keys = await freshKeys(20);
        const answers = await Promise.all(
          Array.from({ length: 500 }, (_, n) => {
            const { service } = n % 2 ? backend : other;
            return refreshWithRetries(account.id, new Backend(service, keys[n % keys.length]!));
          }),
        );
        expect([
          ...new Set(answers.map(({ status, body }) => `${status} ${(body as { code?: string }).code ?? ''}`)),
        ]).toEqual(['200 ']);
        expect(await refreshesOf('happy', since)).toHaveLength(1);
      } finally {
        await second.stop();
      }
    },
    240_000,
  );
});

describe('an API process that is killed between the code and the account', () => {
  it('costs no account: the exchanger has the tokens, and the worker finishes', async () => {
    const { authorize_url, state } = await backend.start('x', '?user_ref=omar');
    const back = await backend.decide(authorize_url, 'omar');
    const since = await latest();
    await slow(4_000);
    const landed = fetch(back, { redirect: 'manual' }).catch(() => undefined);
    await until(
      () => backend.control('GET', '/faults'),
      ({ body }) => (body as unknown[]).length === 0,
      20,
    );
    await strike(home, 'api', 'SIGKILL');
    await landed;
    await until(
      () => reply(`${backend.service.apiUrl}/health/ready`).catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
      40,
    );
    await called(since);
    await backend.pass(35);
    const attempt = async (): Promise<Reply> => backend.get(`/v1/oauth/attempts/${state}`);
    const { body } = await until(attempt, ({ body: { status } }) => (status as string) === 'completed', 90);
    expect(await backend.account((body as { account_ids: string[] }).account_ids[0]!)).toMatchObject({
      health: 'active',
    });
    expect((await tokenCalls(since)).filter(({ grant_type: type }) => type === 'authorization_code')).toHaveLength(1);
  }, 180_000);
});

describe('an exchanger that is killed', () => {
  it('runs again in seconds, and calls wait for it meanwhile', async () => {
    const account = await connected('paula');
    await strike(home, 'exchanger', 'SIGKILL');
    expect((await refresh(account.id)).status).toBe(200);
    expect(await exchangerCheck()).toEqual({ status: 200, name: 'exchanger', ok: true });
  }, 60_000);

  it('loses no account: the others are listed, and readiness names the missing process', async () => {
    await until(exchangerCheck, (check) => (check as { ok: boolean }).ok, 20);
    await strike(home, 'exchanger', 'SIGSTOP');
    try {
      expect(await until(exchangerCheck, (check) => !(check as { ok: boolean }).ok, 10)).toEqual({
        status: 200,
        name: 'exchanger',
        ok: false,
        reason: 'does not answer',
      });
      expect((await backend.get('/v1/accounts')).status).toBe(200);
    } finally {
      await strike(home, 'exchanger', 'SIGCONT');
    }
    await until(exchangerCheck, (check) => (check as { ok: boolean }).ok, 10);
  }, 60_000);
});

describe('an exchanger that gets SIGTERM while a platform answers slowly', () => {
  it('receives the answer of the platform, stores it, and only then ends', async () => {
    const account = await connected('mei');
    const since = await latest();
    await slow(8_000);
    const refreshed = refresh(account.id);
    await until(
      () => backend.control('GET', '/faults'),
      ({ body }) => (body as unknown[]).length === 0,
      20,
    );
    const before = processOf(home, 'exchanger');
    await strike(home, 'exchanger', 'SIGTERM');
    expect([(await refreshed).status, (await refreshed).body]).toMatchObject([200, { health: 'active' }]);
    await until(
      () => Promise.resolve(launched.output()),
      (output) => output.includes('ended with code 0'),
      20,
    );
    expect(await until(exchangerCheck, (check) => (check as { ok: boolean }).ok, 20)).toMatchObject({ status: 200 });
    expect(processOf(home, 'exchanger')).not.toBe(before);
    expect((await refreshesOf('mei', since)).map(({ outcome }) => outcome)).toEqual(['ok']);
    await backend.pass(61);
    expect((await refresh(account.id)).status).toBe(200);
  }, 90_000);
});
