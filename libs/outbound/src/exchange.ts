import type { Socket } from 'node:net';
import { Client, type Dispatcher, errors } from 'undici';
import type { Target } from './target.js';

const MAX_HEADER_BYTES = 16_384;

export interface OutboundRequest {
  url: string;
  method: 'POST' | 'GET';
  headers: Record<string, string>;
  body?: string | Buffer;
  /** Bytes of the answer's body that are read; the connection is closed at the first further one. */
  keepBytes: number;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  excerpt: string;
}

/** The answer did not arrive, or is no HTTP. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';

  constructor(readonly code: 'reset' | 'malformed_answer') {
    super(`no answer: ${code}`);
  }
}

/**
 * One request and its answer on a socket whose address was checked. undici receives this socket only: a second connection, for
 * example after a reset, fails. Redirects are answers; neither a proxy nor a cookie is used.
 */
export async function exchange(
  socket: Socket,
  { origin, pathAndQuery }: Target,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const client = new Client(origin, {
    connect: giveOnce(socket),
    maxHeaderSize: MAX_HEADER_BYTES,
    // The signal limits the time; the timers of undici count whole seconds.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const { method, headers, body = null } = request;
    const answer = await client.request({ method, headers, body, path: pathAndQuery, signal, reset: true });
    const excerpt = await readExcerpt(answer.body, request.keepBytes);
    return { status: answer.statusCode, headers: textHeaders(answer.headers), excerpt };
  } catch (error) {
    if (signal.aborted || error instanceof errors.InvalidArgumentError) throw error;
    throw new ExchangeError(isMalformed(error) ? 'malformed_answer' : 'reset');
  } finally {
    await client.destroy();
    socket.destroy();
  }
}

type Connect = (options: unknown, callback: (...args: [error: null, socket: Socket] | [Error, null]) => void) => void;

/** undici resumes its queue after a callback of a later tick only. */
function giveOnce(socket: Socket): Connect {
  let given = false;
  return (_options, callback) => {
    const isFirst = !given;
    given = true;
    queueMicrotask(() => {
      if (isFirst) callback(null, socket);
      else callback(new ExchangeError('reset'), null);
    });
  };
}

/** Of a body that is interrupted, or slower than the time allows, what arrived is kept: the status has arrived. */
async function readExcerpt(body: Dispatcher.ResponseData['body'], keepBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= keepBytes) break;
    }
  } catch {
    // What arrived is kept.
  }
  return decodeText(Buffer.concat(chunks).subarray(0, keepBytes));
}

/** Drops a character that is cut at the end. NUL is replaced as well: PostgreSQL stores no text with it. */
const decodeText = (bytes: Buffer): string =>
  new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '\ufffd');

const isMalformed = (error: unknown): boolean =>
  error instanceof errors.HTTPParserError ||
  error instanceof errors.HeadersOverflowError ||
  error instanceof errors.ResponseContentLengthMismatchError;

/** Without cookies: nothing is read from them. */
const textHeaders = (headers: Dispatcher.ResponseData['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name !== 'set-cookie')
      .map(([name, value = '']) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
