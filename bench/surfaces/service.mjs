import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { launch } from '../../test/support/launch.mjs';
import { dashboardToken, databaseUrlOf, processOf, strike } from '../../test/support/service-processes.mjs';
import { freePort } from '../../tools/start/ports.mjs';

const WORKSPACE = 'bench';
const RETURN_URL = 'https://app.example.com/connected';
const UNLIMITED = 1_000_000;

/** @typedef {Awaited<ReturnType<typeof openService>>} Service */

/** Starts the whole service as a person starts it, for calls with keys whose limits are out of the way. */
export async function openService() {
  const home = await mkdtemp(join(tmpdir(), 'bench-surfaces-'));
  const launched = launch({ home, port: await freePort(), sandboxPort: await freePort() });
  await launched.ready();
  const { api_url: url } = JSON.parse(await readFile(join(home, 'session.json'), 'utf8'));
  const databaseUrl = databaseUrlOf(home);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const agent = new Agent({ keepAlive: true });

  /**
   * @param {string} key
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  const call = (key, method, path, body) =>
    new Promise((resolve, reject) => {
      const sentBody = body && JSON.stringify(body);
      const headers = { authorization: `Bearer ${key}`, ...(sentBody && { 'content-type': 'application/json' }) };
      const sent = request(`${url}${path}`, { method, agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (data) => (text += data));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path} answers ${answer.statusCode}: ${text}`));
        });
      });
      sent.on('error', reject).end(sentBody);
    });

  return {
    url,
    home,
    pool,
    databaseUrl,
    /** The id of one of its processes. @param {Parameters<typeof processOf>[1]} name */
    processOf: (name) => processOf(home, name),
    /** A key of a workspace, whose limits no run reaches. @param {string} [workspace] its name */
    newKey: async (workspace = WORKSPACE) => {
      const token = dashboardToken(home, workspace);
      const rate_limits = { read: UNLIMITED, write: UNLIMITED };
      const fields = { name: 'bench', environment: 'test', return_hosts: ['app.example.com'], rate_limits };
      const { key } = await call(token, 'POST', '/v1/api-keys', fields);
      const apps = await call(key, 'GET', '/v1/oauth-apps?provider=x');
      if (apps.length === 0) {
        const app = { provider: 'x', name: 'x', client_id: 'bench', client_secret: 'a-secret' };
        await call(key, 'POST', '/v1/oauth-apps', app);
      }
      return key;
    },
    /** @param {string} key @returns {Promise<string>} */
    projectOf: async (key) => (await call(key, 'POST', '/v1/projects', { name: 'bench' })).id,
    /** @param {string} key @param {string} path */
    get: (key, path) => call(key, 'GET', path),
    /** @param {string} key @param {string} project @returns {Promise<{ state: string }>} */
    start: (key, project) =>
      call(key, 'POST', `/v1/projects/${project}/social/oauth-url`, { platform: 'x', returnUrl: RETURN_URL }),
    /** Accounts of the newest project that need no refresh and no probe. @param {number} count */
    fillAccounts: async (count) => fillAccounts(pool, count),
    /** Copies of the newest attempt with states of their own. @param {number} count */
    fillAttempts: async (count) => fillAttempts(pool, count),
    /** @param {string} table @returns {Promise<number>} */
    count: async (table) => (await pool.query(`select count(*)::int as n from ${table}`)).rows[0].n,
    /** Rows of a table that are read for one of these calls. @param {string} table @param {() => Promise<unknown>} work */
    rowsRead: async (table, work) => {
      // Its sweeps read the same tables.
      await strike(home, 'worker', 'SIGSTOP');
      try {
        return await rowsRead(pool, table, work);
      } finally {
        await strike(home, 'worker', 'SIGCONT');
      }
    },
    close: async () => {
      agent.destroy();
      await pool.end();
      launched.signal('SIGTERM');
      await launched.exited;
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** @param {pg.Pool} pool @param {number} count */
async function fillAccounts(pool, count) {
  const project = '(select id from projects order by created_at desc limit 1)';
  const owner = `select workspace_id, environment from projects where id = ${project}`;
  await pool.query(
    `insert into grants (id, workspace_id, environment, provider, platform_user_id, mode, issued_at)
     select gen_random_uuid(), owner.workspace_id, owner.environment, 'x', 'bench-' || n, 'rotating_strict', now()
     from (${owner}) as owner, generate_series(1, $1::int) as n`,
    [count],
  );
  await pool.query(
    `insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type,
       handle, health, connected_at)
     select gen_random_uuid(), workspace_id, environment, ${project}, 'x', platform_user_id, id, 'oauth', platform_user_id, 'active',
       now() - make_interval(secs => row_number() over ()) from grants where platform_user_id like 'bench-%'`,
  );
  await pool.query('vacuum analyze accounts, grants');
}

/** @param {pg.Pool} pool @param {number} count */
async function fillAttempts(pool, count) {
  const { rows } = await pool.query(
    `select column_name as name from information_schema.columns
     where table_name = 'connect_attempts' and column_name not in ('id', 'state_hash')`,
  );
  const columns = rows.map(({ name }) => name).join(', ');
  await pool.query(
    `insert into connect_attempts (id, state_hash, ${columns})
     select gen_random_uuid(), sha256(convert_to('bench-' || n, 'UTF8')), ${columns}
     from (select * from connect_attempts order by created_at desc limit 1) as one, generate_series(1, $1::int) as n`,
    [count],
  );
  await pool.query('vacuum analyze connect_attempts');
}

const CALLS = 50;
const READ = `select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as n from pg_stat_user_tables where relname = $1`;

/** @param {pg.Pool} pool @param {string} table @param {() => Promise<unknown>} work */
async function rowsRead(pool, table, work) {
  const before = await settled(pool, table);
  for (let n = 0; n < CALLS; n += 1) await work();
  return Math.round(((await settled(pool, table)) - before) / CALLS);
}

/**
 * A connection reports its counts at most once in a second, and an idle one after ten.
 * @param {pg.Pool} pool
 * @param {string} table
 */
async function settled(pool, table) {
  await new Promise((later) => setTimeout(later, 11_000));
  return Number((await pool.query(READ, [table])).rows[0].n);
}
