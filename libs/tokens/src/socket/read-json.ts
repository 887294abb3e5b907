import type { IncomingMessage } from 'node:http';

/** A code and two tokens are far below it. */
const LARGEST_BODY = 256 * 1024;

/** The JSON of a message; undefined where it is none, or too large. It is read to its end, so that it can be answered. */
export async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  if (size > LARGEST_BODY) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
