// A database, the sandbox and an exchanger of their own, and grants at the imitated X that an exchanger can refresh.
import { execFileSync, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { newId, openDatabase } from '#persistence';
import { connectExchanger, Vault } from '#tokens';
import { freePort } from '../../tools/start/ports.mjs';
import { startPostgres } from '../../tools/start/postgres.mjs';

const SANDBOX_PORT = await freePort();
const REDIRECT_URI = 'https://bench.example/callback';
const VERIFIER = 'v'.repeat(43);
export const SANDBOX_URL = `http://127.0.0.1:${SANDBOX_PORT}`;
export const TOKEN_URL = `${SANDBOX_URL}/api.x.com/2/oauth2/token`;

/**
 * @typedef {Awaited<ReturnType<typeof openWorld>>} World
 * @typedef {{ access_token: string, refresh_token: string }} Tokens
 */

/** @param {Record<string, string>} [env] */
export async function openWorld(env = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-exchanger-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'data') });
  const masterKeys = `k1:${randomBytes(32).toString('base64')}`;
  const all = {
    ...process.env,
    LOG_LEVEL: 'error',
    DATABASE_URL: postgres.url,
    DATABASE_POOL: '20',
    MASTER_KEYS: masterKeys,
    EVERGRANT_HOME: folder,
    EXCHANGER_SOCKET: join(folder, 'exchanger.sock'),
    JOURNAL_DIR: join(folder, 'journal'),
    SANDBOX_PORT: String(SANDBOX_PORT),
    SANDBOX_URL,
    ...env,
  };
  execFileSync('node', ['dist/bundle/cli.js', 'migrate'], { env: all, stdio: 'ignore' });
  const sandbox = start('sandbox', all);
  await once(sandbox, 'message');
  const exchanger = start('exchanger', all, ['--max-old-space-size=128', '--max-semi-space-size=8']);
  await once(exchanger, 'message');
  const logger = createLogger({ app: 'bench', level: 'error' });
  const database = await openDatabase({ url: new Secret(postgres.url), pool: 20, name: 'bench', logger });
  const { pool } = database;
  const vault = new Vault(new Keyring(new Secret(masterKeys)));
  return {
    folder,
    pool,
    vault,
    exchanger,
    socketPath: all.EXCHANGER_SOCKET,
    tenant: await makeTenant(pool),
    exchange: connectExchanger(all.EXCHANGER_SOCKET, logger),
    async close() {
      await stop(exchanger);
      await stop(sandbox);
      await database.close();
      await postgres.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * @param {string} app
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} [execArgv]
 */
const start = (app, env, execArgv = []) =>
  fork(`dist/bundle/${app}.js`, { env, execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.disconnect();
  await once(child, 'exit');
}

/**
 * @param {import('pg').Pool} pool
 * @returns {Promise<import('#persistence').Tenant>}
 */
async function makeTenant(pool) {
  const workspaceId = newId();
  await pool.query(`insert into workspaces (id, name) values ($1, 'bench')`, [workspaceId]);
  await pool.query(
    `insert into projects (id, workspace_id, environment, name, is_default) values ($1, $1, 'test', 'Default', true)`,
    [workspaceId],
  );
  return { workspaceId, environment: 'test' };
}

/**
 * Creates an app at the sandbox; returns the token pair of its user.
 * @param {string} clientId
 */
export async function connectAtSandbox(clientId) {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    scope: 'tweet.read users.read offline.access',
    state: 's',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    sandbox_user: 'happy',
    sandbox_decision: 'approve',
  });
  const back = await fetch(`http://127.0.0.1:${SANDBOX_PORT}/x.com/i/oauth2/authorize?${query}`, {
    redirect: 'manual',
  });
  const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
  return requestToken(clientId, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: VERIFIER,
  });
}

/**
 * @param {string} clientId
 * @param {Record<string, string>} fields
 */
export async function requestToken(clientId, fields) {
  const authorization = `Basic ${Buffer.from(`${clientId}:secret`).toString('base64')}`;
  const answer = await fetch(TOKEN_URL, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams(fields),
  });
  /** @type {Partial<Tokens>} */
  const tokens = JSON.parse(await answer.text());
  const { access_token, refresh_token } = tokens;
  if (!access_token || !refresh_token) throw new Error(`no tokens: ${JSON.stringify(tokens)}`);
  return { access_token, refresh_token };
}

/**
 * A due grant with its account; `tokens` is what the platform gave.
 * @param {World} world
 * @param {{ appId: string, tokens: Tokens, person: string }} grant
 */
export async function insertGrant({ pool, vault, tenant }, { appId, tokens, person }) {
  const { workspaceId } = tenant;
  const id = newId();
  await pool.query(
    `insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, scopes, issued_at, access_expires_at, refresh_due_at)
     values ($1, $2, 'test', 'x', $3, $4, 'rotating_strict', '{tweet.read,users.read,offline.access}', now() - interval '1 hour', now() + interval '1 hour', now())`,
    [id, workspaceId, appId, person],
  );
  await vault.sealGrantTokens(pool, { ...tenant, id }, '1', {
    access: new Secret(tokens.access_token),
    refresh: new Secret(tokens.refresh_token),
    previous: null,
  });
  await pool.query(
    `insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, oauth_app_id, connection_type, health)
     values ($1, $2, 'test', $2, 'x', $3, $4, $5, 'oauth', 'active')`,
    [newId(), workspaceId, person, id, appId],
  );
  return id;
}

/**
 * @param {World} world
 * @param {string} clientId
 */
export async function insertApp({ pool, vault, tenant }, clientId) {
  const id = newId();
  await pool.query(
    `insert into oauth_apps (id, workspace_id, environment, provider, name, client_id, scopes) values ($1, $2, 'test', 'x', 'bench', $3, '{}')`,
    [id, tenant.workspaceId, clientId],
  );
  await vault.sealClientSecret(pool, { ...tenant, id }, new Secret('secret'));
  return id;
}
