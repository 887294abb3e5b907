import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './root.mjs';
import { run as runToEnd } from './run.mjs';

/**
 * A package as package-lock.json describes it, and all of them by path.
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Package
 * @typedef {Record<string, Package>} Packages
 */

const LOCK = join(ROOT, 'package-lock.json');
// npm writes this at the end of an install, so an interrupted one has none.
const PRESENT = join(ROOT, 'node_modules/.package-lock.json');
const STAMP = join(ROOT, 'node_modules/.installed');

/**
 * Installs what package-lock.json names, unless it is installed already, by any program. The packages needed to run are
 * enough, unless `all` is set; where the developer packages are installed, a new lock file installs them again.
 * @param {{ all?: boolean, run?: import('./run.mjs').Run, onBegin?: () => void }} [options]
 */
export async function install({ all = false, run = runToEnd, onBegin } = {}) {
  const present = packagesIn(PRESENT);
  if (isInstalled(present, all)) return;
  const full = all || hasDeveloperPackages(present);
  onBegin?.();
  const { command, args } = npmCommand();
  const kinds = full ? '--include=dev' : '--omit=dev';
  await run(command, [...args, 'ci', kinds, '--no-audit', '--no-fund', '--prefer-offline'], { cwd: ROOT });
  writeFileSync(STAMP, stampOf(full));
}

/**
 * @param {Packages | undefined} present
 * @param {boolean} all
 * @returns {present is Packages}
 */
function isInstalled(present, all) {
  return present !== undefined && (isStamped(all) || isComplete(packagesIn(LOCK) ?? {}, present, all));
}

/** @param {Packages} [present] */
const hasDeveloperPackages = (present = {}) => Object.values(present).some((entry) => entry.dev);

/**
 * An optional package may fail to install; the stamp accepts what this install left.
 * @param {boolean} all
 */
function isStamped(all) {
  const stamp = existsSync(STAMP) && readFileSync(STAMP, 'utf8');
  return stamp === stampOf(true) || (!all && stamp === stampOf(false));
}

/** @param {boolean} full */
const stampOf = (full) =>
  createHash('sha256')
    .update(readFileSync(LOCK))
    .update(process.version)
    .update(full ? 'all' : 'to run')
    .digest('hex');

/**
 * @param {string} path
 * @returns {Packages | undefined}
 */
const packagesIn = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : undefined);

/**
 * Whether an install has what the lock file requires on this machine.
 * @param {Packages} required
 * @param {Packages} present
 * @param {boolean} all
 */
export function isComplete(required, present, all) {
  return Object.entries(required).every(([path, entry]) => {
    if (path === '' || (entry.dev && !all) || !isForThisMachine(entry)) return true;
    return present[path]?.version === entry.version;
  });
}

/** @param {Package} entry */
function isForThisMachine({ optional, os, cpu, libc }) {
  if (!optional) return true;
  if (!os || libc) return false;
  return os.includes(process.platform) && (!cpu || cpu.includes(process.arch));
}

function npmCommand() {
  const path = process.env.npm_execpath;
  return path && basename(path) === 'npm-cli.js'
    ? { command: process.execPath, args: [path] }
    : { command: 'npm', args: [] };
}
