import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyring, openRow } from '#crypto';
import { Secret } from '#observability';
import { lockRowsOfOtherKeys, SEALED_TABLES } from '#persistence/sealed';
import { Vault } from '#tokens';
import { AppProcess, runCommand } from '../support/app-process.js';
import { type Account, Backend, until } from '../support/backend.js';
import { turnClock } from '../support/database.js';
import { type ExchangerEnvironment, ExchangerProcess } from '../support/exchanger-process.js';
import { freePorts } from '../support/free-ports.js';
import { type OpenedDatabase, openEmptyDatabase } from '../support/open-database.js';
import { GRANT_VERSION, makeGrant, makeTenant } from '../support/rows.js';

/** `ROTATION_ROWS=20000 ROTATION_KILLS=20` rotates longer, and ends more processes meanwhile. */
const ROWS = Number(process.env.ROTATION_ROWS ?? 400);
const KILLS = Number(process.env.ROTATION_KILLS ?? 2);
const TEST_TIMEOUT = 240_000 + KILLS * 30_000 + ROWS * 20;

const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const [OLD, NEW] = [newKey('k1'), newKey('k2')];
const ROOT = process.cwd();
/** The sandbox's X gives tokens of two minutes, and a refresh is due before they end. */
const UNTIL_DUE_SECONDS = 102;
const CLIENTS = [
  ['x', 'happy'],
  ['tiktok', 'happy'],
  ['x', 'omar'],
] as const;

let opened: OpenedDatabase;
let env: NodeJS.ProcessEnv;
let exchangerEnv: ExchangerEnvironment;
let exchanger: ExchangerProcess;
let worker: AppProcess;
let api: AppProcess;
let backend: Backend;
/** Accounts that stay connected all the time. */
let kept: Account[];
let clockSeconds = 0;
/** Close what the tests opened, in the order of opening. */
const ends: (() => unknown)[] = [];

interface Load {
  /** Ends the load, and returns how many accounts it connected, refreshed and disconnected. */
  stop(): Promise<number>;
}

/** Connects, refreshes and disconnects one account for each client, again and again; the first failure fails `stop`. */
function startLoad(): Load {
  const end = new AbortController();
  const work = Promise.all(
    CLIENTS.map(async ([provider, persona]) => {
      let rounds = 0;
      for (; !end.signal.aborted; rounds += 1) {
        const { id } = await backend.connect(provider, persona);
        expect(await backend.post(`/v1/accounts/${id}/refresh`)).toMatchObject({ status: 200 });
        expect(await backend.account(id)).toMatchObject({ health: 'active' });
        expect(await backend.delete(`/v1/accounts/${id}`)).toMatchObject({ status: 204 });
      }
      return rounds;
    }),
  );
  work.catch(() => undefined);
  return {
    stop: async () => {
      end.abort();
      const rounds = await work;
      return rounds.reduce((sum, each) => sum + each, 0);
    },
  };
}

/**
 * Restarts worker and exchanger one after the other, under load: a caller waits for the exchanger's socket to come back. The API
 * restarts without load, since no balancer stands before a second one here; test/e2e/rolling-restart has that.
 */
async function restartAll(...keys: string[]): Promise<void> {
  env.MASTER_KEYS = exchangerEnv.MASTER_KEYS = keys.join(',');
  const load = startLoad();
  await worker.stop();
  worker = await AppProcess.start(ROOT, 'worker', env);
  await exchanger.end();
  await exchanger.run();
  expect(await load.stop()).toBeGreaterThan(0);
  await api.stop();
  api = await AppProcess.start(ROOT, 'api', env);
  // After the load: the codes of its consents end after 30 seconds of this clock.
  await expectRefresh();
}

/** Makes the kept accounts due, and waits for their refresh at the platform by the worker. */
async function expectRefresh(): Promise<void> {
  const before = await Promise.all(kept.map(({ id }) => backend.account(id)));
  clockSeconds += UNTIL_DUE_SECONDS;
  await turnClock(opened.database.pool, `${clockSeconds} seconds`);
  await backend.control('POST', '/clock', { advance_seconds: UNTIL_DUE_SECONDS });
  for (const { id, last_refreshed_at: last } of before.filter(({ provider }) => provider === 'x')) {
    const refreshed = await backend.accountUntil(id, ({ last_refreshed_at: at }) => at !== last);
    expect(refreshed.health).toBe('active');
  }
}

interface Report {
  keys: { id: string; rows: Record<string, number>; journalRecords: number }[];
  processes: { process: string; running: boolean; keyIds: string[] }[];
}

const keys = (...command: string[]): Promise<{ stdout: string; log: string }> => runCommand(['keys', ...command], env);
const report = async (): Promise<Report> => JSON.parse((await keys('status', '--json')).stdout) as Report;

/** The first keys of the running processes, by their name. */
async function keysOfProcesses(): Promise<Record<string, string>> {
  const { processes } = await report();
  return Object.fromEntries(
    processes.filter(({ running }) => running).map(({ process: name, keyIds }) => [name, keyIds.join(',')]),
  );
}

const rowsUnder = async (keyId: string): Promise<number> =>
  Object.values((await report()).keys.find(({ id }) => id === keyId)?.rows ?? {}).reduce((sum, rows) => sum + rows, 0);

/** Starts `keys rotate`, and kills it after its first batches. */
async function killRotation(): Promise<void> {
  const args = ['dist/bundle/cli.js', 'keys', 'rotate', '--rows-per-second', '200'];
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { ...process.env, ...env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = once(child, 'exit');
  let log = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    if (log.includes('master_keys.rewrapped')) child.kill('SIGKILL');
  });
  expect((await gone)[1]).toBe('SIGKILL');
}

/** The exchanger is killed between two exchanges: the fault test has the answers that are lost in one. */
async function killProcesses(): Promise<void> {
  await worker.kill();
  await until(
    () => exchanger.client.health(),
    ({ inProgress }) => inProgress === 0,
  );
  await exchanger.end('SIGKILL');
  await exchanger.run();
  worker = await AppProcess.start(ROOT, 'worker', env);
}

/** Opens each sealed value of the database with these keys alone, and returns how many rows there are. */
async function openEveryRow(...masterKeys: string[]): Promise<number> {
  const keyring = new Keyring(new Secret(masterKeys.join(',')));
  const { pool } = opened.database;
  let rows = 0;
  for (const owned of SEALED_TABLES) {
    const all = { kekId: 'none', after: '00000000-0000-0000-0000-000000000000', limit: 1_000_000 };
    for (const { ownerId, ...row } of await lockRowsOfOtherKeys(pool, owned, all)) {
      const sealed = await owned.table.read(pool, ownerId);
      // A row of the load may be gone meanwhile.
      if (!sealed) continue;
      openRow(keyring, { ...row, version: sealed.version, table: owned.table.name, rowId: ownerId }, sealed);
      rows += 1;
    }
  }
  return rows;
}

/** Sealed rows that no process of the load touches, so that a rotation takes a while. */
async function makeRows(): Promise<void> {
  const { pool } = opened.database;
  const tenant = await makeTenant(pool);
  const vault = new Vault(new Keyring(new Secret(OLD)));
  const tokens = { access: new Secret('access'), refresh: new Secret('refresh'), previous: null };
  for (let made = 0; made < ROWS; made += 1)
    await vault.sealGrantTokens(pool, { ...tenant, id: await makeGrant(pool, tenant) }, GRANT_VERSION, tokens);
}

async function prepareService(port: number, sandboxPort: number): Promise<Backend> {
  opened = await openEmptyDatabase();
  ends.push(() => opened.close());
  const home = await mkdtemp(join(tmpdir(), 'evergrant-rotation-'));
  ends.push(() => rm(home, { recursive: true, force: true }));
  const [apiUrl, sandboxUrl] = [`http://localhost:${port}`, `http://localhost:${sandboxPort}`];
  env = {
    ...{ NODE_ENV: 'development', EVERGRANT_HOME: home, DATABASE_URL: opened.url, REDIS_URL: '', MASTER_KEYS: OLD },
    ...{ PORT: String(port), PUBLIC_URL: apiUrl, SANDBOX_PORT: String(sandboxPort), SANDBOX_URL: sandboxUrl },
  };
  await runCommand(['migrate'], env);
  const { test_api_key: key } = JSON.parse((await runCommand(['seed'], env)).stdout) as { test_api_key: string };
  const limits = JSON.stringify({ read: 100_000, write: 100_000, heavy: 100_000 });
  await opened.database.pool.query('update api_keys set rate_limits = $1', [limits]);
  const sandbox = await AppProcess.start(ROOT, 'sandbox', env);
  ends.push(() => sandbox.stop());
  exchangerEnv = { DATABASE_URL: opened.url, MASTER_KEYS: OLD, SANDBOX_URL: sandboxUrl };
  exchanger = await ExchangerProcess.start(exchangerEnv);
  ends.push(() => exchanger.close());
  env.EXCHANGER_SOCKET = exchanger.socketPath;
  worker = await AppProcess.start(ROOT, 'worker', env);
  ends.push(() => worker.stop());
  api = await AppProcess.start(ROOT, 'api', env);
  ends.push(() => api.stop());
  return new Backend({ apiUrl, sandboxUrl, home }, key);
}

beforeAll(async () => {
  const { port, sandboxPort } = await freePorts();
  backend = await prepareService(port, sandboxPort);
  kept = [
    await backend.connect('x', 'paula'),
    await backend.connect('x', 'mei'),
    await backend.connect('tiktok', 'mei'),
  ];
  await makeRows();
}, TEST_TIMEOUT);

afterAll(async () => {
  for (const end of ends.toReversed()) await end();
}, 60_000);

describe('the runbook of a rotation, over running processes under load', () => {
  it('refuses to wrap rows under a key that the running processes do not hold', async () => {
    await expect(runCommand(['keys', 'rotate'], { ...env, MASTER_KEYS: `${NEW},${OLD}` })).rejects.toMatchObject({
      stderr: expect.stringContaining('keys.not_held'),
    });
  });

  it(
    'step 1: with the new key at the end, everything works, and the status names the keys of each process',
    async () => {
      await restartAll(OLD, NEW);
      await until(keysOfProcesses, (held) => Object.keys(held).length === 3);
      expect(await keysOfProcesses()).toEqual({ api: 'k1,k2', exchanger: 'k1,k2', worker: 'k1,k2' });
    },
    TEST_TIMEOUT,
  );

  it(
    'step 2: with the new key first, everything works, also while the API still has the old one first',
    async () => {
      await restartAll(NEW, OLD);
      await until(keysOfProcesses, (held) => Object.keys(held).length === 3);
      expect(await keysOfProcesses()).toEqual({ api: 'k2,k1', exchanger: 'k2,k1', worker: 'k2,k1' });
    },
    TEST_TIMEOUT,
  );

  it(
    'step 3: all rows are wrapped, while the command, the worker and the exchanger are killed, and no request fails',
    async () => {
      const before = await rowsUnder('k1');
      expect(before).toBeGreaterThanOrEqual(ROWS);
      const load = startLoad();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await killRotation();
        await expect(keys('retire', 'k1', '--no-wait')).rejects.toMatchObject({
          stderr: expect.stringContaining('rows of grant_tokens are sealed under it'),
        });
      }
      expect(await load.stop()).toBeGreaterThan(0);
      expect(await rowsUnder('k1')).toBeLessThan(before);
      const rotation = keys('rotate', '--rows-per-second', '400');
      await killProcesses();
      const second = startLoad();
      const { stdout } = await rotation;
      expect(JSON.parse(stdout)).toMatchObject({ closed: 0, remaining: 0 });
      expect(await second.stop()).toBeGreaterThan(0);
      expect((await report()).keys.find(({ id }) => id === 'k1')).toMatchObject({ rows: {}, journalRecords: 0 });
      await expectRefresh();
    },
    TEST_TIMEOUT,
  );

  it(
    'step 4: the old key retires, once what it signed may end',
    async () => {
      await expect(keys('retire', 'k1')).rejects.toMatchObject({ stderr: expect.stringContaining('idempotency keys') });
      expect((await keys('retire', 'k1', '--no-wait')).stdout).toContain('Remove it from MASTER_KEYS');
    },
    TEST_TIMEOUT,
  );

  it(
    'step 5: without the old key, everything works, and no command has printed a key',
    async () => {
      await restartAll(NEW);
      const { stdout, log } = await keys('status', '--json');
      for (const key of [OLD, NEW]) expect(stdout + log).not.toContain(key.slice(3, 20));
    },
    TEST_TIMEOUT,
  );

  it(
    'afterwards each sealed row opens with the new key alone, no account is degraded, and no one-time token was sent twice',
    async () => {
      expect(await openEveryRow(NEW)).toBeGreaterThan(ROWS);
      for (const { id } of kept)
        expect(await backend.account(id)).toMatchObject({ health: 'active', health_reason: null });
      const { rows } = await opened.database.pool.query(
        `select type, data ->> 'health' as health from account_events
         where type = 'account.health_changed' and data ->> 'health' <> 'active'`,
      );
      expect(rows).toEqual([]);
      const calls = (await backend.control('GET', '/calls?endpoint=token')).body as { outcome: string }[];
      expect(calls.length).toBeGreaterThan(10);
      expect(new Set(calls.map(({ outcome }) => outcome))).toEqual(new Set(['ok']));
    },
    TEST_TIMEOUT,
  );
});
