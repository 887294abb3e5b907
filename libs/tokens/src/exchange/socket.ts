import type { Readable } from 'node:stream';
import split2 from 'split2';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '#config';

/** Metrics are the longest; a code and two tokens are far below it. */
const LONGEST = 1024 * 1024;

/** Passes on each line of a stream as parsed JSON, null where it is none. A line that does not end ends the stream. */
export function eachLine(stream: Readable, receive: (message: unknown) => void): void {
  const lines = split2({ maxLength: LONGEST });
  lines.on('error', () => {
    stream.destroy();
  });
  stream.pipe(lines).on('data', (line: string) => {
    receive(parseJson(line));
  });
}

/** No error of it holds what it read. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return null;
  }
}

const ROOT = 0;
const FOR_OTHERS = 0o077;

/** Makes the folder of a socket, for its owner alone. */
export async function makePrivateDirectory(socketPath: string): Promise<void> {
  await makeFolder(dirname(socketPath));
  await requirePrivateDirectory(socketPath);
}

/**
 * Throws unless the folder of a socket is ours alone (or root's): in a temporary folder that all may write to, another user of
 * this machine could have created it first, and would receive codes.
 */
export async function requirePrivateDirectory(socketPath: string): Promise<void> {
  const folder = dirname(socketPath);
  const { uid, mode } = await lstat(folder).then((found) => {
    if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
    return found;
  });
  if (uid !== process.getuid?.() && uid !== ROOT)
    throw new Error(`${folder} belongs to another user: set EXCHANGER_SOCKET to a path in a folder of ours`);
  if ((mode & FOR_OTHERS) !== 0) throw new Error(`${folder} is open to other users: it must have the mode 0700`);
}
