import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { codeOf, type Secret } from '#observability';
import { requireOwnDirectory } from './own-directory.js';
import { readText } from './read-text.js';

/** Nobody listens: the call was not made. */
export class NotReached extends Error {
  override readonly name = 'NotReached';
  readonly code = 'exchanger.not_reached';
}

/** The call may have been taken; its answer did not come. */
export class CallBroken extends Error {
  override readonly name = 'CallBroken';
  readonly code = 'exchanger.call_broken';

  /** `late`: it was waited for as long as anybody waits. */
  constructor(message: string, readonly late: boolean) {
    super(message);
  }
}

export interface SocketRequest {
  method: 'GET' | 'POST';
  path: string;
  /** JSON; closed, since it may hold a code. */
  body?: Secret;
  /** Milliseconds to wait for the answer. */
  within: number;
}

export interface SocketAnswer {
  status: number;
  /** Undefined: larger than any answer of ours. */
  text: string | undefined;
}

/** One HTTP request on a connection of its own. No error holds what was sent. */
export async function socketRequest(socketPath: string, wish: SocketRequest): Promise<SocketAnswer> {
  const { method, path, body, within } = wish;
  await requireOwnDirectory(socketPath).catch((error: unknown) => { throw notReached(error); });
  const signal = AbortSignal.timeout(within);
  const json = body?.reveal();
  const headers = json === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) };
  const request = httpRequest({ socketPath, method, path, agent: false, headers, signal });
  const connected = { yet: false };
  request.once('socket', (socket) => socket.once('connect', () => { connected.yet = true; }));
  // What breaks after `response` is told to the reader of the body.
  request.on('error', () => undefined);
  request.end(json);
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await readText(response) };
  } catch (error) {
    throw connected.yet ? new CallBroken(`the exchanger broke off (${codeOf(error) ?? 'no answer'})`, signal.aborted) : notReached(error);
  }
}

const notReached = (error: unknown): NotReached =>
  new NotReached(`the exchanger does not answer (${codeOf(error) ?? (error instanceof Error ? error.message : 'unknown')})`, { cause: error });
