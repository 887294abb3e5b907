import type { Readable } from 'node:stream';
import split2 from 'split2';

/** Metrics are the longest; a code and two tokens are far below it. */
const LONGEST = 1024 * 1024;

/** Hears each line of a stream as the JSON that it is, null where it is none. A line that does not end ends the stream. */
export function eachLine(stream: Readable, hear: (message: unknown) => void): void {
  const lines = split2({ maxLength: LONGEST });
  lines.on('error', () => {
    stream.destroy();
  });
  stream.pipe(lines).on('data', (line: string) => {
    hear(parseJson(line));
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
