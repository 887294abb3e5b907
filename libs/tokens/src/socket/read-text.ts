import type { IncomingMessage } from 'node:http';

/** Metrics are the longest; a code and two tokens are far below it. */
const LARGEST = 1024 * 1024;

/** The text of a message, read to its end so that it can be answered; undefined where it is too large. */
export async function readText(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST) chunks.push(chunk);
  }
  return size > LARGEST ? undefined : Buffer.concat(chunks).toString('utf8');
}

/** The JSON of a text; undefined where it is none. */
export function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    return undefined;
  }
}
