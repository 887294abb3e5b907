// What a page of accounts costs deep in a long list, beside the first page of the same list and beside an OFFSET that goes
// as deep, in the same run: `npm run build && node bench/list.mjs [accounts]`. The ratios count, not the milliseconds.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListAccounts } from '#accounts';
import { Cursors, Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { newId, openDatabase } from '#persistence';
import { startPostgres } from '../tools/start/postgres.mjs';

const ACCOUNTS = Number(process.argv[2] ?? 200_000);
const RUNS = 200;
/** @type {import('#persistence').Tenant} */
const tenant = { workspaceId: newId(), environment: 'live' };

const folder = await mkdtemp(join(tmpdir(), 'bench-list-'));
const postgres = await startPostgres({ dataDir: join(folder, 'data') });
try {
  execFileSync('node', ['dist/bundle/cli.js', 'migrate'], {
    env: { ...process.env, DATABASE_URL: postgres.url },
    stdio: 'ignore',
  });
  const database = await openDatabase({
    url: new Secret(postgres.url),
    pool: 2,
    name: 'bench',
    logger: createLogger({ app: 'bench' }),
  });
  await fill(database.pool);
  await measure(database);
  await database.close();
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true });
}

/** @param {import('#persistence').Database['pool']} pool */
async function fill(pool) {
  const { workspaceId } = tenant;
  await pool.query(`insert into workspaces (id, name) values ($1, 'bench')`, [workspaceId]);
  await pool.query(
    `insert into projects (id, workspace_id, environment, name, is_default) values ($1, $2, 'live', 'Default', true)`,
    [newId(), workspaceId],
  );
  await pool.query(
    `insert into grants (id, workspace_id, environment, provider, platform_user_id, mode, issued_at)
     select gen_random_uuid(), $1, 'live', 'x', n::text, 'rotating_strict', now() from generate_series(1, $2::int) as n`,
    [workspaceId, ACCOUNTS],
  );
  await pool.query(
    `insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type, handle, health, connected_at)
     select gen_random_uuid(), $1, 'live', (select id from projects where workspace_id = $1), 'x', platform_user_id, id, 'oauth', 'handle', 'active',
       now() - make_interval(secs => platform_user_id::int) from grants where workspace_id = $1`,
    [workspaceId],
  );
  await pool.query('vacuum analyze');
}

/** @param {import('#persistence').Database} database */
async function measure(database) {
  const { pool } = database;
  const cursors = new Cursors(new Keyring(new Secret(`k1:${Buffer.alloc(32, 1).toString('base64')}`)));
  const list = new ListAccounts(database, cursors);
  const first = await list.execute({ tenant, filters: {}, limit: 50 });
  /** @param {string | undefined} cursor */
  const page = (cursor) => time(() => list.execute({ tenant, filters: {}, limit: 50, cursor }));
  const {
    rows: [deep],
  } = await pool.query(
    `select id, to_char(connected_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from accounts
     order by connected_at desc, id desc offset $1 limit 1`,
    [Math.floor(ACCOUNTS * 0.9)],
  );
  const scope = ['accounts', tenant.workspaceId, tenant.environment, {}];
  const deepCursor = cursors.write(scope, { ...deep, total: first.total, capped: false });
  const second = await page(first.nextCursor ?? undefined);
  const ninth = await page(deepCursor);
  const offset = await time(
    () =>
      pool.query(
        `select * from accounts where workspace_id = $1 and environment = 'live' and health <> 'disconnected'
     order by connected_at desc, id desc offset $2 limit 50`,
        [tenant.workspaceId, Math.floor(ACCOUNTS * 0.9)],
      ),
    10,
  );
  console.log(
    `${first.total} accounts: second page ${second.toFixed(2)} ms, page at 90 % ${ninth.toFixed(2)} ms, ratio ${(ninth / second).toFixed(2)}`,
  );
  console.log(`an OFFSET as deep ${offset.toFixed(2)} ms, ratio to our page ${(offset / ninth).toFixed(0)}`);
}

/**
 * Median milliseconds.
 * @param {() => Promise<unknown>} work
 * @param {number} [runs]
 */
async function time(work, runs = RUNS) {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN;
}
