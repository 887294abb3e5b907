import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from './home.mjs';
import { birthOf, signal, until } from './processes.mjs';
import { StartError } from './start-error.mjs';

const LEAVE_WITHIN = 10_000;

/**
 * Holds EVERGRANT_HOME for this launcher and remembers in it what it runs, so that the launcher after a `kill -9` knows
 * what may still be leaving. Throws a StartError when another launcher holds it.
 */
export async function lockHome(home) {
  const path = join(home, 'launcher.json');
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { children: [] };
  if (before.pid !== undefined && lives(before)) {
    throw new StartError(
      `Evergrant is running already on ${home} (process ${before.pid}). Stop that one, or set EVERGRANT_HOME (and PORT, SANDBOX_PORT) for a second one.`,
    );
  }
  await outlive(before.children);
  const held = { ...identify(process.pid), children: [] };
  const write = () => writeDurably(path, `${JSON.stringify(held)}\n`);
  write();
  return {
    remember(pid) {
      held.children = [...held.children.filter(lives), identify(pid)];
      write();
    },
    release: () => rmSync(path, { force: true }),
  };
}

const identify = (pid) => ({ pid, birth: birthOf(pid) });
const lives = ({ pid, birth }) => birth !== undefined && birthOf(pid) === birth;

/** Processes leave by themselves when their launcher is gone; one that does not is made to. */
async function outlive(children) {
  const gone = () => !children.some(lives);
  if (await until(gone, LEAVE_WITHIN)) return;
  for (const child of children.filter(lives)) signal(child.pid, 'SIGKILL');
  await until(gone, LEAVE_WITHIN);
}
