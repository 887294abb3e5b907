import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from '../start/ports.mjs';
import { until } from '../start/processes.mjs';

/**
 * A temporary Redis (or Valkey); undefined where this machine has none.
 * @param {string} directory
 */
export async function startRedis(directory) {
  const program = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (!program) return undefined;
  const port = await freePort();
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', directory];
  const child = spawn(program, args, { stdio: 'ignore' });
  const kill = () => child.kill();
  process.once('exit', kill);
  if (!(await until(() => answers(port), 10_000))) throw new Error(`${program} did not start`);
  const stop = async () => {
    process.off('exit', kill);
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  };
  return { url: `redis://127.0.0.1:${port}`, stop };
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
