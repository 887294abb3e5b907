import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { seconds } from '#config';
import { annotateSpan, CodedError, inSpan, isTracing } from '#observability';
import { holdsWholeObject, MAX_ANSWER_BYTES, type PlatformAnswer } from '#providers';

const CONNECTED_WITHIN = seconds(10);

/** The request cannot have arrived: nothing was sent. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
  readonly code = 'provider.not_reached';
}

/** The request may have arrived; its answer did not. For a one-time token that is a third case, neither yes nor no. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
  readonly code = 'provider.answer_lost';
}

interface RequestInfo {
  /** Method, origin and path: what may be logged of it. */
  name: string;
  method: string;
  /** The platform's own, also where the sandbox answers. */
  host: string;
  body: string | undefined;
  secure: boolean;
}

/** One request with its connection: until `send` is called not a byte of it leaves. */
export class PlatformConnection {
  /** Whether the connection broke at any time: an `error` event without listener would end the process. The error is not kept, since it may quote what was sent or received. */
  #broken = false;

  constructor(
    private readonly outgoing: ClientRequest,
    private readonly info: RequestInfo,
  ) {
    outgoing.on('error', () => {
      this.#broken = true;
    });
  }

  /** Waits until the connection stands, TLS included. Throws NotSent. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        clearTimeout(late);
        this.outgoing.off('error', fail);
        this.outgoing.destroy();
        reject(new NotSent(this.info.name));
      };
      const done = (): void => {
        clearTimeout(late);
        this.outgoing.off('error', fail);
        resolve();
      };
      const late = setTimeout(fail, CONNECTED_WITHIN);
      this.outgoing.once('error', fail);
      this.outgoing.once('socket', (socket: Socket) => {
        if (!socket.connecting) done();
        else socket.once(this.info.secure ? 'secureConnect' : 'connect', done);
      });
    });
  }

  /**
   * Sends, and waits for the answer, at most `within` milliseconds. Throws AnswerLost, or NotSent where the connection was gone
   * before. A transfer that is interrupted, stalls or grows too large counts as an answer if its bytes contain a complete one.
   */
  send(within: number): Promise<PlatformAnswer> {
    return inPlatformSpan(this.info, () => this.sendWhole(within));
  }

  private sendWhole(within: number): Promise<PlatformAnswer> {
    if (this.#broken) return Promise.reject(new NotSent(this.info.name));
    const answer = new Promise<PlatformAnswer>((resolve, reject) => {
      let received: ReceivedAnswer | undefined;
      const end = (complete: boolean): void => {
        clearTimeout(late);
        this.outgoing.off('error', interrupt);
        const answer = received?.take(complete);
        if (!complete) this.outgoing.destroy();
        if (answer) resolve(answer);
        else reject(new AnswerLost(this.info.name));
      };
      const interrupt = (): void => {
        end(false);
      };
      const late = setTimeout(interrupt, within);
      this.outgoing.once('error', interrupt);
      this.outgoing.once('response', (response) => {
        received = new ReceivedAnswer(response, end);
      });
      this.outgoing.end(this.info.body);
    });
    // A process that ends after the request was sent waits for no answer.
    answer.catch(() => undefined);
    return answer;
  }

  /**
   * Sends a body of any length at the pace of the platform, and resolves when the headers of the answer are there; the caller
   * reads its body. Throws NotSent, AnswerLost, and body.too_large. What is left of the body is read and dropped.
   */
  stream(body: StreamedBody | undefined): Promise<IncomingMessage> {
    return inPlatformSpan(this.info, () => this.sendStreamed(body));
  }

  private sendStreamed(body: StreamedBody | undefined): Promise<IncomingMessage> {
    if (this.#broken) {
      body?.bytes.resume();
      return Promise.reject(new NotSent(this.info.name));
    }
    return new Promise((resolve, reject) => {
      const { outgoing } = this;
      outgoing.once('response', resolve);
      outgoing.once('close', () => {
        reject(new AnswerLost(this.info.name));
        body?.bytes.unpipe(outgoing);
        body?.bytes.resume();
      });
      if (!body) outgoing.end();
      else sendStream(body, outgoing, reject);
    });
  }

  /** Ends a line on which nothing is to be sent. */
  abort(): void {
    this.outgoing.destroy();
  }
}

/** The span of a request has method and host: a path may hold what a client sent, and some platforms take tokens in a query. */
function inPlatformSpan<Answer extends PlatformAnswer | IncomingMessage>(
  { method, host }: RequestInfo,
  work: () => Promise<Answer>,
): Promise<Answer> {
  if (!isTracing()) return work();
  const attributes = { 'http.request.method': method, 'server.address': host };
  const answer = inSpan({ name: `${method} ${host}`, kind: 'client', attributes }, async () => {
    const answer = await work();
    annotateSpan({ 'http.response.status_code': 'status' in answer ? answer.status : answer.statusCode });
    return answer;
  });
  answer.catch(() => undefined);
  return answer;
}

export interface StreamedBody {
  bytes: Readable;
  maxBytes: number;
}

/** An interrupted or too large body ends the request: its end would look like a complete body. */
function sendStream({ bytes, maxBytes }: StreamedBody, outgoing: ClientRequest, reject: (error: Error) => void): void {
  let size = 0;
  bytes.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes || outgoing.destroyed) return;
    reject(new CodedError('body.too_large', `The body is larger than ${maxBytes} bytes.`));
    outgoing.destroy();
  });
  bytes.once('close', () => {
    if (!bytes.readableEnded) outgoing.destroy();
  });
  bytes.on('error', () => undefined);
  bytes.pipe(outgoing);
}

/** The bytes of one answer while they arrive. `end` is called once, with whether all of them came. */
class ReceivedAnswer {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(
    private readonly response: IncomingMessage,
    end: (complete: boolean) => void,
  ) {
    response.on('data', (chunk: Buffer) => {
      this.#size += chunk.length;
      if (this.#size > MAX_ANSWER_BYTES) end(false);
      else this.#chunks.push(chunk);
    });
    response.once('end', () => {
      end(true);
    });
    response.once('error', () => {
      end(false);
    });
  }

  /** What came; undefined where it is not all and what came is no whole object. */
  take(complete: boolean): PlatformAnswer | undefined {
    // What came together with the error is still in the stream's buffer: reading it emits `data`.
    if (!complete && this.#size <= MAX_ANSWER_BYTES) this.response.read();
    const isAll = complete || (this.response.complete && this.#size <= MAX_ANSWER_BYTES);
    const { statusCode, headers } = this.response;
    const answer = { status: statusCode ?? 0, headers: textHeaders(headers), body: Buffer.concat(this.#chunks) };
    return isAll || holdsWholeObject(answer) ? answer : undefined;
  }
}

/** Without cookies, the one header that Node gives as a list: nothing is read from them, and the journal is no place for them. */
export const textHeaders = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
