import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from '../start/ports.mjs';
import { until } from '../start/processes.mjs';

// Milliseconds.
const READY_WITHIN = 20_000;

/** The program of this machine that serves Redis; undefined where there is none. */
export const REDIS_PROGRAM = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** @typedef {{ url: string, port: number, stop(): Promise<void> }} RedisServer */

/**
 * Starts a Redis without a disk, at a free port unless one is given: its data ends with it.
 * @param {string} directory
 * @param {number} [port]
 * @returns {Promise<RedisServer>}
 */
export async function startRedis(directory, port) {
  const own = port ?? (await freePort());
  const program = REDIS_PROGRAM ?? 'redis-server';
  const args = ['--bind', '127.0.0.1', '--port', String(own), '--save', '', '--appendonly', 'no', '--dir', directory];
  const child = spawn(program, args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  if (!(await until(() => answers(own), READY_WITHIN, 50))) throw new Error(`${program} did not start`);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await exited;
  };
  return { url: `redis://127.0.0.1:${own}`, port: own, stop };
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function answers(port) {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
    socket.once('connect', () => socket.destroy());
  });
}
