import { resolve } from 'node:path';
import { ROOT } from './root.mjs';
import { StartError } from './errors.mjs';

/** @typedef {ReturnType<typeof readSettings>} Settings */

/**
 * What `npm start` reads of the environment; throws a StartError that names the variable. The processes read and check
 * everything else.
 * @param {NodeJS.ProcessEnv} env
 */
export function readSettings(env) {
  const port = readPort(env, 'PORT', 3000);
  const sandboxPort = readPort(env, 'SANDBOX_PORT', 3100);
  if (port === sandboxPort) throw new StartError(`PORT and SANDBOX_PORT are both ${port}: each needs one of its own.`);
  return {
    port,
    sandboxPort,
    host: env.HOST || '127.0.0.1',
    home: homeOf(env),
    databaseUrl: env.DATABASE_URL || undefined,
    apiUrl: `http://localhost:${port}`,
    publicUrl: env.PUBLIC_URL || `http://localhost:${port}`,
    sandboxUrl: env.SANDBOX_URL || `http://localhost:${sandboxPort}`,
  };
}

/**
 * The folder of an installation: its secrets, and the data of the embedded PostgreSQL.
 * @param {NodeJS.ProcessEnv} env
 */
export const homeOf = (env) => resolve(ROOT, env.EVERGRANT_HOME || '.evergrant');

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 * @param {number} otherwise
 */
function readPort(env, name, otherwise) {
  if (!env[name]) return otherwise;
  const port = Number(env[name]);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StartError(`${name} is not a port: give a whole number from 1 to 65535.`);
}
