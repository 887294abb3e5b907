// A database, a sink and workers of their own, with accounts whose events are due for nothing else.
import { execFileSync, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { newId } from '#persistence';
import { Vault } from '#tokens';
import { startPostgres } from '../../tools/start/postgres.mjs';

/**
 * @typedef {import('./sink.mjs').Receipt} Receipt
 * @typedef {Awaited<ReturnType<typeof openWorld>>} World
 * @typedef {import('node:child_process').ChildProcess} ChildProcess
 */

export async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-webhooks-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'data') });
  const masterKeys = `k1:${randomBytes(32).toString('base64')}`;
  const env = {
    ...process.env,
    LOG_LEVEL: 'error',
    DATABASE_URL: postgres.url,
    MASTER_KEYS: masterKeys,
    EVERGRANT_HOME: folder,
    EXCHANGER_SOCKET: join(folder, 'exchanger.sock'),
    WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8',
  };
  execFileSync('node', ['dist/bundle/cli.js', 'migrate'], { env, stdio: 'ignore' });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 12 });
  const sink = fork('bench/webhooks/sink.mjs', { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = await once(sink, 'message');
  const vault = new Vault(new Keyring(new Secret(masterKeys)));
  const workspaceId = newId();
  await pool.query(`insert into workspaces (id, name) values ($1, 'bench')`, [workspaceId]);
  await pool.query(
    `insert into projects (id, workspace_id, environment, name, is_default) values ($1, $1, 'test', 'Default', true)`,
    [workspaceId],
  );
  /** @type {ChildProcess[]} */
  const workers = [];
  const urlOf = (/** @type {string} */ path) => `http://127.0.0.1:${port}${path}`;

  return {
    pool,
    workspaceId,
    databaseUrl: postgres.url,
    urlOf,
    /** @param {number} count @returns {Promise<string[]>} */
    makeAccounts: (count) => makeAccounts(pool, workspaceId, count),
    /** @param {string} path */
    async makeWebhook(path) {
      const id = newId();
      await pool.query(
        `insert into webhooks (id, workspace_id, environment, url, events) values ($1, $2, 'test', $3, '{*}')`,
        [id, workspaceId, urlOf(path)],
      );
      const secret = new Secret(`whsec_${randomBytes(24).toString('base64')}`);
      await vault.sealWebhookSecrets(pool, { id, workspaceId, environment: 'test' }, { secret, previous: null });
      return id;
    },
    /** Without endpoints, events and what waits. */
    clear: () => pool.query('truncate webhooks, webhook_lanes, webhook_deliveries, webhook_secrets, outbox'),
    async startWorker() {
      const worker = fork('dist/bundle/worker.js', { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      await once(worker, 'message');
      workers.push(worker);
      return worker;
    },
    /** What the sink has received since the last call. @returns {Promise<Receipt[]>} */
    async receipts() {
      sink.send('receipts');
      const [{ receipts }] = await once(sink, 'message');
      return receipts;
    },
    /** The receipts of as many requests. @param {number} count @param {number} [seconds] */
    async received(count, seconds = 300) {
      /** @type {Receipt[]} */
      const all = [];
      for (const end = Date.now() + seconds * 1_000; all.length < count && Date.now() < end; await sleep(50))
        all.push(...(await this.receipts()));
      return all;
    },
    /** Runs the floor program to its end. */
    async runFloor() {
      const floor = spawn(process.execPath, ['bench/webhooks/floor.mjs', urlOf('/floor'), postgres.url], {
        stdio: 'inherit',
      });
      await once(floor, 'exit');
    },
    async stopWorkers() {
      await Promise.all(workers.splice(0).map(stop));
    },
    async close() {
      await this.stopWorkers();
      sink.disconnect();
      await pool.end();
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The most memory that a process had, in MB. @param {ChildProcess} child */
export async function peakMemory({ pid }) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

/** @param {ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.disconnect();
  await once(child, 'exit');
}

/** Accounts without refreshes and probes. @param {pg.Pool} pool @param {string} workspaceId @param {number} count */
async function makeAccounts(pool, workspaceId, count) {
  const { rows } = await pool.query(
    `with numbers as (select n, gen_random_uuid() as id, gen_random_uuid() as "grant" from generate_series(1, $2::int) as n),
     granted as (
       insert into grants (id, workspace_id, environment, provider, platform_user_id, mode, issued_at)
       select "grant", $1, 'test', 'x', 'bench-' || "grant", 'static', now() from numbers)
     insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type,
       health, connected_at, disconnected_at)
     select id, $1, 'test', $1, 'x', 'bench-' || id, "grant", 'oauth', 'disconnected', now(), now() from numbers returning id`,
    [workspaceId, count],
  );
  return rows.map(({ id }) => id);
}
