import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// A mapped user in a user namespace of its own: files remain owned by root, no user is created, and a home under /root works.
const NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534'];
// The kernel sends the server SIGINT (fast shutdown) when its launcher ends, also by `kill -9`.
const LEAVE_WITH_LAUNCHER = ['setpriv', '--pdeathsig=INT'];

/**
 * How a PostgreSQL program is run, which refuses to be root: a prefix of its command, or a user to become.
 * @param {{ isRoot?: boolean, namespaces?: boolean }} [options]
 * @returns {{ prefix: string[], user?: { uid: number, gid: number } }}
 */
export function postgresIdentity({ isRoot = process.getuid?.() === 0, namespaces = works(NAMESPACE) } = {}) {
  const leave = works(LEAVE_WITH_LAUNCHER) ? LEAVE_WITH_LAUNCHER : [];
  if (!isRoot) return { prefix: leave };
  if (namespaces) return { prefix: [...NAMESPACE, ...leave] };
  return { prefix: leave, user: unprivilegedUser() };
}

/**
 * Whether a program can be run with this prefix.
 * @param {string[]} prefix
 */
function works([command, ...args]) {
  if (process.platform !== 'linux' || command === undefined) return false;
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}

/** The user must be in passwd: initdb looks its name up. */
function unprivilegedUser() {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === `nobody`);
  if (!found)
    throw new Error('PostgreSQL does not run as root, and there is no user to become: start as an ordinary user');
  return { uid: Number(found[2]), gid: Number(found[3]) };
}
