import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { birthOf, commandOf, signal, until } from './processes.mjs';

export const ROLE = 'evergrant';
export const DATABASE = 'evergrant';

/** @typedef {ReturnType<typeof import('./postgres-identity.mjs').postgresIdentity>} Identity */

/** The same on every machine: sorted by bytes, and upper and lower case as Unicode has them, so that a search finds Ž by ž. */
const LOCALE = ['--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];

/**
 * Creates the data directory if there is none; an incomplete one, left by a kill during the first start, is created again.
 * @param {{ dataDir: string, password: string, binaries: { initdb: string, postgres: string }, identity: Identity,
 *   durable: boolean }} options
 */
export function makeData({ dataDir, password, binaries, identity, durable }) {
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  const draft = `${dataDir}.new`;
  const passwordFile = `${draft}.password`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (identity.user) giveTo(identity.user, dirname(dataDir), draft, passwordFile);
  try {
    run(identity, binaries.initdb, [
      '-D',
      draft,
      '-U',
      ROLE,
      '-E',
      'UTF8',
      '--no-instructions',
      ...LOCALE,
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      ...(durable ? [] : ['--no-sync']),
    ]);
    run(identity, binaries.postgres, ['--single', '-D', draft, 'postgres'], `CREATE DATABASE ${DATABASE};\n`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, dataDir);
}

/**
 * Stops a server of this data directory that outlived its launcher, and removes a lock file without a process.
 * @param {string} dataDir
 */
export async function clearLock(dataDir) {
  const lock = join(dataDir, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  const runs = () => Boolean(birthOf(pid) && commandOf(pid)?.includes(dataDir));
  for (const name of /** @type {const} */ (['SIGINT', 'SIGQUIT', 'SIGKILL'])) {
    if (!runs()) break;
    signal(pid, name);
    await until(() => !runs(), 10_000);
  }
  rmSync(lock, { force: true });
}

/**
 * @param {{ uid: number, gid: number }} user
 * @param {string} home
 * @param {string[]} paths
 */
function giveTo({ uid, gid }, home, ...paths) {
  chmodSync(home, 0o711);
  for (const path of paths) chownSync(path, uid, gid);
}

/**
 * @param {Identity} identity
 * @param {string} program
 * @param {string[]} args
 * @param {string} [input]
 */
function run({ prefix, user }, program, args, input = '') {
  const [command = program, ...rest] = [...prefix, program, ...args];
  const { status, stdout, stderr, error } = spawnSync(command, rest, { ...user, input, encoding: 'utf8', cwd: '/' });
  if (status === 0) return;
  throw new Error(`the embedded PostgreSQL could not be made\n${error?.message ?? `${stdout}${stderr}`.trim()}`);
}
