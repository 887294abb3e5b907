import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The kernel limits the path of a unix socket to 108 bytes on Linux and 104 on macOS, including the final NUL. */
const MAX_SOCKET_PATH_BYTES = 100;

/**
 * The socket of an installation's exchanger, computed alike by the exchanger and its callers: in the home folder, or, if that
 * path is too long, in a folder of the temporary directory whose name is derived from the home.
 */
export function socketPathOf(home: string): string {
  const inHome = join(resolve(home), 'run', 'exchanger.sock');
  if (fitsSocketPath(inHome)) return inHome;
  const name = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 16);
  return join(tmpdir(), `evergrant-${name}`, 'exchanger.sock');
}

export const fitsSocketPath = (path: string): boolean => Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
