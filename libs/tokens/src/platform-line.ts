import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { seconds } from '#config';
import type { PlatformAnswer } from '#providers';

const LARGEST_ANSWER = 1024 * 1024;
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

interface Letter {
  /** Method, origin and path: what may be said of it. */
  name: string;
  body: string | undefined;
  secure: boolean;
}

/** One request with its connection: until `send` is called not a byte of it leaves. */
export class PlatformLine {
  /** Whether the line broke, at any time: an error must not find nobody listening. Its cause may quote what was sent or came. */
  #broken = false;

  constructor(
    private readonly outgoing: ClientRequest,
    private readonly letter: Letter,
  ) {
    outgoing.on('error', () => { this.#broken = true; });
  }

  /** Waits until the connection stands, TLS included. Throws NotSent. */
  connected(): Promise<void> {
    return this.settle(CONNECTED_WITHIN, NotSent, (done) => {
      this.outgoing.once('socket', (socket: Socket) => {
        if (!socket.connecting) done();
        else socket.once(this.letter.secure ? 'secureConnect' : 'connect', done);
      });
    });
  }

  /** Sends, and waits for the whole answer. Throws AnswerLost, or NotSent where the connection was gone before. */
  send(within: number): Promise<PlatformAnswer> {
    if (this.#broken) return Promise.reject(new NotSent(this.letter.name));
    const answer = this.settle<PlatformAnswer>(within, AnswerLost, (done, fail) => {
      this.outgoing.once('response', (response) => { read(response).then(done, fail); });
      this.outgoing.end(this.letter.body);
    });
    // Who died after sending waits for nothing any more.
    answer.catch(() => undefined);
    return answer;
  }

  /** Ends a line on which nothing is to be sent. */
  hangUp(): void {
    this.outgoing.destroy();
  }

  private settle<Result>(
    within: number,
    Failure: typeof NotSent | typeof AnswerLost,
    begin: (done: (result: Result) => void, fail: () => void) => void,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        clearTimeout(late);
        this.outgoing.off('error', fail);
        this.outgoing.destroy();
        reject(new Failure(this.letter.name));
      };
      const late = setTimeout(fail, within);
      this.outgoing.once('error', fail);
      begin((result) => {
        clearTimeout(late);
        this.outgoing.off('error', fail);
        resolve(result);
      }, fail);
    });
  }
}

async function read(response: IncomingMessage): Promise<PlatformAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: flat(response.headers), body: Buffer.concat(chunks).toString('utf8') };
}

const flat = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
