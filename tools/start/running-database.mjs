import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE, ROLE } from './postgres-data.mjs';
import { commandOf } from './processes.mjs';
import { lastSession } from './session.mjs';
import { homeOf } from './settings.mjs';

/**
 * What a command needs to work on the service that `npm start` runs in EVERGRANT_HOME: the address of its database, the master
 * keys, and for `seed` the addresses of the API and of the sandbox and the key of the start.
 * Nothing where the environment names a database, in production, and where `npm start` does not run.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function settingsOfRunningDatabase(env) {
  if (env.DATABASE_URL || env.DATABASE_URL_FILE || env.NODE_ENV === 'production') return {};
  const home = homeOf(env);
  const url = urlOfRunningDatabase(home);
  if (url === undefined) return {};
  const hasKeys = env.MASTER_KEYS || env.MASTER_KEYS_FILE;
  return {
    ...settingsOfSession(home, env),
    DATABASE_URL: url,
    ...(hasKeys ? {} : { MASTER_KEYS_FILE: join(home, 'master.key') }),
  };
}

/**
 * @param {string} home
 * @param {NodeJS.ProcessEnv} env
 */
function settingsOfSession(home, env) {
  const { public_url, sandbox_url, test_api_key } = lastSession(home) ?? {};
  const known = { PUBLIC_URL: public_url, SANDBOX_URL: sandbox_url, SEED_TEST_API_KEY: test_api_key };
  return Object.fromEntries(Object.entries(known).filter(([name, value]) => value !== undefined && !env[name]));
}

/**
 * The address of the embedded PostgreSQL of a home; undefined where it does not run.
 * @param {string} home
 */
function urlOfRunningDatabase(home) {
  const dataDir = join(home, 'postgres');
  const lock = join(dataDir, 'postmaster.pid');
  if (!existsSync(lock)) return undefined;
  const [pid, , , port] = readFileSync(lock, 'utf8').split('\n');
  // The lock stays after a kill, and another process may have the number.
  if (!commandOf(Number(pid))?.includes(dataDir)) return undefined;
  const password = readFileSync(join(home, 'postgres.password'), 'utf8');
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`;
}
