import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Secret } from '#observability';
import { scheduleProbeAfterRefusal } from '#persistence/sql';
import { type Failure, type Method, PlatformRequest, type Provider, providerOf, readApiRefusal } from '#providers';
import type { CallableAccount } from './access-token.js';
import { AnswerLost, NotSent, type PlatformConnection, type StreamedBody, textHeaders } from './platform-connection.js';
import type { TokenContext } from './token-context.js';

/** One call to the API of an account's platform. */
export interface ApiRequest {
  method: Method;
  /** Path and query below the URL of the provider's API, without a slash at the start. */
  target: string;
  headers: Readonly<Record<string, string>>;
  body?: StreamedBody | undefined;
  /** Ends the call, at a deadline or when the caller is gone: before and while the answer is read. */
  signal: AbortSignal;
}

export interface ApiAnswer {
  status: number;
  /** Names and values in turn, as they came. */
  rawHeaders: readonly string[];
  /** As it comes. To be read to its end or destroyed. */
  body: Readable;
  /** What a refusal means by the provider's table; undefined: the call succeeded, or was redirected. */
  failure: Failure | undefined;
}

/** A refusal is read up to this size before it is handed on, to be classified; of a larger one its status counts. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * One call with the token of an account, to the provider's own API hosts; redirects are not followed. What the answer shows about
 * the account is reported: it makes a probe due and decides nothing, because the endpoint may be any. Throws NotSent,
 * AnswerLost, and body.too_large.
 */
export async function authorizedCall(
  context: TokenContext,
  { account, accessToken }: { account: CallableAccount; accessToken: Secret },
  request: ApiRequest,
): Promise<ApiAnswer> {
  const provider = providerOf(account.provider);
  const connection = await open(context, requestOf(provider, accessToken, request), account, request);
  const response = await streamUntilAborted(connection, request);
  const { statusCode: status = 0, rawHeaders } = response;
  if (status < 400) return { status, rawHeaders, body: response, failure: undefined };
  const { bytes, body } = await readAhead(response);
  const failure = readApiRefusal(provider, { status, headers: textHeaders(response.headers), body: bytes });
  if (failure) await report(context, account, { status, failure });
  return { status, rawHeaders, body, failure };
}

/** Nothing is sent where the call has ended while it connected; its body is read and dropped then. */
async function open(
  { client }: TokenContext,
  outgoing: PlatformRequest,
  { environment }: CallableAccount,
  { body, signal }: ApiRequest,
): Promise<PlatformConnection> {
  try {
    const connection = await client.connect(outgoing, environment);
    if (!signal.aborted) return connection;
    connection.abort();
    throw new NotSent('a call has ended before it was sent');
  } catch (error) {
    body?.bytes.resume();
    throw error;
  }
}

/** The signal ends the connection until the answer is closed. */
async function streamUntilAborted(
  connection: PlatformConnection,
  { body, signal }: ApiRequest,
): Promise<IncomingMessage> {
  const abort = (): void => {
    connection.abort();
  };
  const removeListener = (): void => {
    signal.removeEventListener('abort', abort);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    const response = await connection.stream(body);
    // An error event without a listener would end the process; readers of the body attach their own.
    response.on('error', () => undefined);
    response.once('close', removeListener);
    return response;
  } catch (error) {
    removeListener();
    throw error;
  }
}

/** The URL is checked here too, whatever the caller has checked: a token is sent nowhere else. */
function requestOf({ name, api }: Provider, accessToken: Secret, request: ApiRequest): PlatformRequest {
  if (!api) throw new Error(`${name} has no API for calls of clients`);
  const url = `${api.url}${request.target}`;
  if (!new URL(url).href.startsWith(api.url)) throw new Error('a call leaves the API of its provider');
  const { method, headers } = request;
  return new PlatformRequest({
    method,
    url,
    headers: { ...headers, authorization: `Bearer ${accessToken.reveal()}` },
  });
}

interface ReadAhead {
  /** The whole body; empty where it is larger than what is read ahead. */
  bytes: Buffer;
  /** The whole body, to be read by the caller. */
  body: Readable;
}

async function readAhead(response: IncomingMessage): Promise<ReadAhead> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MAX_REFUSAL_BYTES) return { bytes: Buffer.alloc(0), body: unreadBody(chunks, response) };
    }
  } catch {
    throw new AnswerLost('the answer to a call was interrupted');
  }
  const bytes = Buffer.concat(chunks);
  return { bytes, body: Readable.from([bytes], { objectMode: false }) };
}

/** A generator that has not started ends without its `finally`, so the body closes the response itself. */
function unreadBody(chunks: readonly Buffer[], response: IncomingMessage): Readable {
  const body = Readable.from(inTurn(chunks, response), { objectMode: false });
  return body.once('close', () => response.destroy());
}

async function* inTurn(chunks: readonly Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
  yield* rest;
}

const UNAUTHORIZED = 401;
/**
 * A failure or a limit of the platform is inconclusive: a client that meets limits must not postpone a probe. An app-class refusal may
 * be of this endpoint alone: the probe decides on the app.
 */
async function report(
  { pool, logger }: TokenContext,
  { id }: CallableAccount,
  { status, failure }: { status: number; failure: Failure },
): Promise<void> {
  try {
    if (status === UNAUTHORIZED || failure.class !== 'temporary') await scheduleProbeAfterRefusal(pool, id);
  } catch (error) {
    // The platform's answer is returned although the report failed.
    logger.warn({ err: error, account: id }, 'authorized_call.not_reported');
  }
}
