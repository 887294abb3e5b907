import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const OURS_ALONE = 0o700;

/**
 * Makes a folder and those above it, for their owner alone; one that exists keeps its mode. Throws the error of the file system.
 * The recursive mode of mkdir never returns where a file system answers ENOENT below a folder that exists, as /proc does.
 */
export async function makeFolder(path: string): Promise<void> {
  const error = await tryToMake(path);
  if (!error) return;
  if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
  await makeFolder(dirname(path));
  const second = await tryToMake(path);
  if (second) throw second;
}

/** Returns why there is no such folder; undefined: it was made, or exists. */
async function tryToMake(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path, { mode: OURS_ALONE });
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' && (await isFolder(path)) ? undefined : (error as NodeJS.ErrnoException);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
