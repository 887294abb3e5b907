import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The kernel's limit for the path of a unix socket is 108 bytes on Linux and 104 on macOS, the end included. */
const LONGEST = 100;

/**
 * Where the exchanger of an installation listens, told the same way by the exchanger and its callers: in its home, or, where
 * that path is too long for a socket, in a folder of the temporary one that is named after it.
 */
export function socketPathOf(home: string): string {
  const inHome = join(resolve(home), 'run', 'exchanger.sock');
  if (fits(inHome)) return inHome;
  const name = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 16);
  return join(tmpdir(), `evergrant-${name}`, 'exchanger.sock');
}

export const fits = (path: string): boolean => Buffer.byteLength(path) <= LONGEST;
