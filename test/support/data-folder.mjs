import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { birthOf } from '../../tools/start/processes.mjs';

/** A file system in memory, on most Linux machines. A copy of a database in it costs a tenth of the CPU time of one on a disk. */
const MEMORY = '/dev/shm';
/** Bytes. The data takes 200 MB; a container often has 64 MB in that folder. */
const MIN_SPACE_BYTES = 2 ** 30;
/** Bytes of memory that stay for the tests themselves. */
const MIN_MEMORY_BYTES = 4 * 2 ** 30;
const PREFIX = 'evergrant-tests-';

/** Makes a folder for the data of a temporary PostgreSQL: in memory where there is enough of it, else on the disk. */
export async function makeDataFolder({ memory = MEMORY, free = freemem() } = {}) {
  await removeLeftFolders(memory);
  const parent = (await hasSpace(memory)) && free >= MIN_MEMORY_BYTES ? memory : tmpdir();
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

/** @param {string} folder */
async function hasSpace(folder) {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= MIN_SPACE_BYTES;
  } catch {
    return false;
  }
}

/**
 * A run that was killed leaves its folder, which would take memory until the machine restarts.
 * @param {string} parent
 */
async function removeLeftFolders(parent) {
  const names = await readdir(parent).catch(() => []);
  const left = names.filter((name) => name.startsWith(PREFIX) && !isRunning(name));
  await Promise.all(
    left.map((name) => rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined)),
  );
}

/** @param {string} name */
const isRunning = (name) => birthOf(Number(name.slice(PREFIX.length).split('-')[0])) !== undefined;
