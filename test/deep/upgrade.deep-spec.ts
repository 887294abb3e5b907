import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppProcess, runCommand, runEarlierCommand } from '../support/app-process.js';
import { type Account, Backend, until } from '../support/backend.js';
import { turnClock } from '../support/database.js';
import { buildEarlierRelease, type EarlierRelease, hasCommit } from '../support/earlier-release.js';
import { ExchangerProcess } from '../support/exchanger-process.js';
import { freePorts } from '../support/free-ports.js';
import { type OpenedDatabase, openEmptyDatabase } from '../support/open-database.js';

/** The last commit of 0.1.0. A release moves this to the last commit of the release before it. */
const EARLIER = 'a56c1d4af02b7d6838816401024b57c538b5a76e';
const NOW = process.cwd();
/** The sandbox's X gives tokens of two minutes, and a refresh is due before they end. */
const UNTIL_DUE = 102;

let earlier: EarlierRelease;
let opened: OpenedDatabase;
let home: string;
let key: string;
let env: NodeJS.ProcessEnv;
let newApi: Backend;
let earlierApi: Backend;
/** Close what the tests opened, in the order of opening. */
const ends: (() => unknown)[] = [];

async function start(root: string, app: string, own: NodeJS.ProcessEnv = {}): Promise<AppProcess> {
  const started = await AppProcess.start(root, app, { ...env, ...own });
  ends.push(() => started.stop());
  return started;
}

/** The workspace, its key and its OAuth apps are rows that the earlier release wrote. */
async function prepareWithEarlierRelease(port: number, sandboxPort: number): Promise<void> {
  earlier = buildEarlierRelease(EARLIER);
  ends.push(() => {
    earlier.remove();
  });
  opened = await openEmptyDatabase();
  ends.push(() => opened.close());
  await opened.database.pool.query('drop schema if exists bullmq cascade');
  home = await mkdtemp(join(tmpdir(), 'evergrant-upgrade-'));
  ends.push(() => rm(home, { recursive: true, force: true }));
  env = {
    NODE_ENV: 'development',
    EVERGRANT_HOME: home,
    DATABASE_URL: opened.url,
    REDIS_URL: '',
    MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    // Both API processes are behind one address, as replicas are; here it is the new one's.
    PUBLIC_URL: `http://localhost:${port}`,
    SANDBOX_PORT: String(sandboxPort),
    SANDBOX_URL: `http://localhost:${sandboxPort}`,
  };
  await runEarlierCommand(earlier.root, 'migrate', env);
  key = (JSON.parse((await runEarlierCommand(earlier.root, 'seed', env)).stdout) as { test_api_key: string })
    .test_api_key;
}

async function backendOf(root: string, port: number, sandboxUrl: string): Promise<Backend> {
  const apiUrl = `http://localhost:${port}`;
  await start(root, 'api', { PORT: String(port) });
  return new Backend({ apiUrl, sandboxUrl, home }, key);
}

interface PlatformCall {
  grant_type?: string;
  status: number;
}

const callsOf = async (endpoint: 'token' | 'revoke'): Promise<PlatformCall[]> =>
  (await newApi.control('GET', `/calls?provider=x&endpoint=${endpoint}`)).body as PlatformCall[];

async function migrationNames(): Promise<string[]> {
  const { rows } = await opened.database.pool.query<{ name: string }>('select name from migrations order by id');
  return rows.map(({ name }) => name);
}

const upgrade = hasCommit(EARLIER) ? describe : describe.skip;

upgrade('processes of the earlier release on the schema of this one', () => {
  let account: Account;
  /** The migrations of the earlier release. */
  let before: string[];

  beforeAll(async () => {
    const [{ port, sandboxPort }, { port: earlierPort }] = [await freePorts(), await freePorts()];
    await prepareWithEarlierRelease(port, sandboxPort);
    before = await migrationNames();
    await runCommand(['migrate'], env);
    expect((await migrationNames()).length).toBeGreaterThan(before.length);
    await start(NOW, 'sandbox');
    const exchanger = await ExchangerProcess.start({
      DATABASE_URL: opened.url,
      MASTER_KEYS: env.MASTER_KEYS!,
      SANDBOX_URL: env.SANDBOX_URL!,
    });
    ends.push(() => exchanger.close());
    env.EXCHANGER_SOCKET = exchanger.socketPath;
    await start(earlier.root, 'worker');
    [newApi, earlierApi] = await Promise.all([
      backendOf(NOW, port, env.SANDBOX_URL!),
      backendOf(earlier.root, earlierPort, env.SANDBOX_URL!),
    ]);
    account = await newApi.connect('x');
  }, 110_000);

  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  }, 60_000);

  it('the earlier worker refreshes at the platform an account that the new API connected', async () => {
    expect(account.last_refreshed_at).toBeNull();
    const earlierCalls = (await callsOf('token')).length;
    await turnClock(opened.database.pool, `${UNTIL_DUE} seconds`);
    await newApi.control('POST', '/clock', { advance_seconds: UNTIL_DUE });
    const refreshed = await newApi.accountUntil(account.id, ({ last_refreshed_at: at }) => at !== null);
    expect(refreshed.health).toBe('active');
    expect((await callsOf('token')).slice(earlierCalls)).toMatchObject([{ grant_type: 'refresh_token', status: 200 }]);
  });

  it('the earlier API lists the account, and reaches the new exchanger', async () => {
    expect((await earlierApi.get('/v1/accounts')).body).toMatchObject({
      total: 1,
      items: [{ id: account.id, health: 'active' }],
    });
    const forced = await earlierApi.post(`/v1/accounts/${account.id}/refresh`);
    expect([forced.status, forced.body]).toMatchObject([200, { id: account.id, health: 'active' }]);
  });

  it('the new API takes the callback of a flow that the earlier API started', async () => {
    const second = await earlierApi.connect('x', 'paula');
    expect(await newApi.account(second.id)).toMatchObject({ id: second.id, health: 'active' });
  });

  it('a disconnect through the new API revokes at the platform', async () => {
    const earlierCalls = (await callsOf('revoke')).length;
    expect((await newApi.delete(`/v1/accounts/${account.id}`)).status).toBe(204);
    const calls = await until(
      () => callsOf('revoke'),
      ({ length }) => length > earlierCalls,
    );
    expect(calls[earlierCalls]).toMatchObject({ status: 200 });
    expect((await earlierApi.get(`/v1/accounts/${account.id}`)).body).toMatchObject({ health: 'disconnected' });
  });

  it('the migrate command of the earlier release finds nothing to do, so the earlier release starts again on this schema', async () => {
    expect((await runEarlierCommand(earlier.root, 'migrate', env)).log).toContain('nothing to migrate');
  });

  it('the migrations of this release can be undone below the earlier processes', async () => {
    const listed = (await earlierApi.get('/v1/accounts')).body as unknown;
    for (let left = (await migrationNames()).length - before.length; left > 0; left -= 1)
      await runCommand(['migrate', '--undo'], env);
    expect(await migrationNames()).toEqual(before);
    expect((await earlierApi.get('/v1/accounts')).body).toEqual(listed);
  });
});
