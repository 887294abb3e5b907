import { lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

const ROOT = 0;
const FOR_OTHERS = 0o077;

/** Makes the folder of a socket, for its owner alone. */
export async function makeOwnDirectory(socketPath: string): Promise<void> {
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
  await requireOwnDirectory(socketPath);
}

/**
 * Throws unless the folder of a socket is ours alone (or root's): in a temporary folder that all may write to, another user of
 * this machine could have been there first, and would be told codes.
 */
export async function requireOwnDirectory(socketPath: string): Promise<void> {
  const folder = dirname(socketPath);
  const { uid, mode } = await lstat(folder).then((found) => {
    if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
    return found;
  });
  if (uid !== process.getuid?.() && uid !== ROOT)
    throw new Error(`${folder} belongs to another user: set EXCHANGER_SOCKET to a path in a folder of ours`);
  if ((mode & FOR_OTHERS) !== 0) throw new Error(`${folder} is open to other users: it must have the mode 0700`);
}
