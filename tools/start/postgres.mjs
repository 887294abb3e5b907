import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartError } from './errors.mjs';
import { splitLines } from './log-lines.mjs';
import { freePort } from './ports.mjs';
import { postgresBinaries } from './postgres-binaries.mjs';
import { clearLock, DATABASE, makeData, ROLE } from './postgres-data.mjs';
import { postgresIdentity } from './postgres-identity.mjs';
import { signal, until } from './processes.mjs';

// Milliseconds.
const READY_WITHIN = 60_000;
const STOPPED_WITHIN = 15_000;

/**
 * `exited` resolves to the signal or the exit code that ended the server, also without a call of `stop`.
 * @typedef {{ url: string, port: number, pid: number, exited: Promise<string>, stop(): Promise<void> }} PostgresServer
 * @typedef {{ child: import('node:child_process').ChildProcess, pid: number, exited: Promise<string> }} Launched
 */

/**
 * Runs a real PostgreSQL on a free port of the loopback, on TCP alone. Each line that it writes goes to `onLine`. Without a
 * password a random one is made, which opens a new data directory only.
 * @param {{ dataDir: string, password?: string, port?: number, settings?: Record<string, string>,
 *   identity?: ReturnType<typeof postgresIdentity>, onLine?: (line: string) => void }} options
 * @returns {Promise<PostgresServer>}
 */
export async function startPostgres(options) {
  const dataDir = resolve(options.dataDir);
  const password = options.password ?? randomBytes(24).toString('hex');
  const { identity = postgresIdentity(), settings = {} } = options;
  const binaries = await postgresBinaries();
  makeData({ dataDir, password, binaries, identity, durable: settings.fsync !== 'off' });
  await clearLock(dataDir);
  const port = options.port ?? (await freePort());
  const server = await launch({
    ...identity,
    dataDir,
    program: binaries.postgres,
    settings: { ...defaults(port), ...settings },
  });
  const lines = readLines(server.child.stderr, options.onLine);
  await ready(server, dataDir, lines);
  return {
    url: `postgres://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`,
    port,
    pid: server.pid,
    exited: server.exited,
    stop: () => stop(server),
  };
}

/** @param {number} port */
const defaults = (port) => ({
  listen_addresses: '127.0.0.1',
  port: String(port),
  unix_socket_directories: '',
  // The caller logs a failed query; this logs only what ends a connection or the server.
  log_min_messages: 'fatal',
  log_line_prefix: '',
});

/**
 * @param {ReturnType<typeof postgresIdentity> & { program: string, dataDir: string, settings: Record<string, string> }} options
 * @returns {Promise<Launched>}
 */
async function launch({ prefix, user, program, dataDir, settings }) {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = program, ...args] = [...prefix, program, '-D', dataDir, ...flags];
  const child = spawn(command, args, { ...user, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  /** @type {Promise<string>} */
  const exited = new Promise((settle) => {
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, name) => settle(name ?? `code ${code}`));
  });
  if (child.pid === undefined) throw notStarted(await exited, []);
  return { child, pid: child.pid, exited };
}

/**
 * Passes the lines of a stream on; returns the first ones, which grow.
 * @param {import('node:stream').Readable | null} stream
 * @param {(line: string) => void} [onLine]
 */
function readLines(stream, onLine) {
  /** @type {string[]} */
  const first = [];
  /** @param {string} line */
  const keep = (line) => {
    if (first.length < 20) first.push(line);
    onLine?.(line);
  };
  stream?.setEncoding('utf8').on('data', splitLines(keep));
  return first;
}

/**
 * The server writes its own state to the eighth line of its lock file.
 * @param {Launched} server
 * @param {string} dataDir
 * @param {string[]} lines
 */
async function ready({ pid, exited }, dataDir, lines) {
  /** @type {string | undefined} */
  let end;
  void exited.then((reason) => (end = reason));
  const lock = join(dataDir, 'postmaster.pid');
  const up = await until(() => end !== undefined || stateIn(lock, pid) === 'ready', READY_WITHIN);
  if (up && end === undefined) return;
  if (end === undefined) signal(pid, 'SIGKILL');
  throw notStarted(end ?? 'no answer in time', lines);
}

/**
 * @param {string} reason
 * @param {string[]} lines
 */
const notStarted = (reason, lines) =>
  new StartError(`the embedded PostgreSQL did not start (${reason})\n${lines.join('\n')}`.trim());

/**
 * @param {string} lock
 * @param {number} pid
 */
function stateIn(lock, pid) {
  try {
    const lines = readFileSync(lock, 'utf8').split('\n');
    return lines[0] === String(pid) ? lines[7]?.trim() : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Launched} server */
async function stop({ pid, exited }) {
  let gone = false;
  void exited.then(() => (gone = true));
  for (const name of /** @type {const} */ (['SIGINT', 'SIGQUIT', 'SIGKILL'])) {
    await null;
    if (gone) return;
    signal(pid, name);
    await until(() => gone, STOPPED_WITHIN);
  }
}
