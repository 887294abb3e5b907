import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { inspect } from 'node:util';
import { PlatformRequest } from '#providers';
import { AnswerLost, NotSent, PlatformClient } from './platform-client.js';

const MEGABYTE = 1024 * 1024;
const post = (url: string): PlatformRequest =>
  new PlatformRequest({
    method: 'POST',
    url,
    headers: { authorization: 'Basic hidden-basic' },
    form: { code: 'hidden code', scope: 'a b' },
  });

let server: Server;
let origin: string;
let seen: { request: IncomingMessage; body: string }[] = [];
let answer: RequestListener;

const client = new PlatformClient('http://127.0.0.1:1');
const send = (path = '/token?hidden=1', within = 2_000): ReturnType<PlatformClient['send']> =>
  client.send(post(`${origin}${path}`), { environment: 'live', within });
const failed = (sending: Promise<unknown>): Promise<Error> =>
  sending.then(
    () => {
      throw new Error('was answered');
    },
    (error: unknown) => error as Error,
  );

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      seen.push({ request, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen = [];
  answer = (_request, response) => {
    response.end('{}');
  };
});

describe('a call to a platform', () => {
  it('sends method, headers and form as they are, and declares that it accepts JSON without a content coding', async () => {
    await send();
    expect(seen[0]?.request).toMatchObject({ method: 'POST', url: '/token?hidden=1' });
    expect(seen[0]?.request.headers).toMatchObject({
      accept: 'application/json',
      'accept-encoding': 'identity',
      authorization: 'Basic hidden-basic',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    });
    expect(seen[0]?.body).toBe('code=hidden+code&scope=a+b');
  });

  it('gives status, headers in lower case and the body, whatever the status', async () => {
    answer = (_request, response) => {
      response.writeHead(429, { 'Retry-After': '7' }).end('{"error":"slow down"}');
    };
    expect(await send()).toMatchObject({
      status: 429,
      headers: { 'retry-after': '7' },
      body: Buffer.from('{"error":"slow down"}'),
    });
  });

  it('gives the body in the bytes that came, and no cookie', async () => {
    const bytes = Buffer.from([0, 255, 0x1f, 0x8b, 0xed, 0xa0, 0x80]);
    answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'set-cookie': ['a=b', 'c=d'] }).end(bytes);
    };
    const { body, headers } = await send();
    expect(body.equals(bytes)).toBe(true);
    expect([headers['content-encoding'], 'set-cookie' in headers]).toEqual(['gzip', false]);
  });

  it('goes below the sandbox in environment test', async () => {
    const test = new PlatformClient(origin);
    await test.send(post('https://api.platform.example/2/me?fields=id'), { environment: 'test', within: 2_000 });
    expect(seen[0]?.request.url).toBe('/api.platform.example/2/me?fields=id');
  });

  it('does not follow a redirect: a token goes nowhere but where it was meant to', async () => {
    answer = (_request, response) => {
      response.writeHead(307, { location: `${origin}/elsewhere` }).end('moved');
    };
    expect(await send()).toMatchObject({ status: 307, headers: { location: `${origin}/elsewhere` } });
    expect(seen).toHaveLength(1);
  });

  it('takes answers of a megabyte, and no more', async () => {
    answer = (_request, response) => {
      response.end('x'.repeat(MEGABYTE));
    };
    expect((await send()).body).toHaveLength(MEGABYTE);
    answer = (_request, response) => {
      response.end('x'.repeat(MEGABYTE + 1));
    };
    expect(await failed(send())).toBeInstanceOf(AnswerLost);
  });

  it('stops reading an answer that never ends', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        const more = (): void => {
          do sent += 65_536;
          while (response.write('x'.repeat(65_536)));
        };
        response.on('drain', more).on('close', resolve);
        more();
      };
    });
    expect(await failed(send('/endless', 10_000))).toBeInstanceOf(AnswerLost);
    await closed;
    expect(sent).toBeLessThan(64 * MEGABYTE);
  });
});

describe('a request that was not sent', () => {
  it('treats a refused connection as not sent', async () => {
    const { port } = await new Promise<AddressInfo>((resolve) => {
      const gone = createTcpServer().listen(0, '127.0.0.1', () => {
        const address = gone.address() as AddressInfo;
        gone.close(() => {
          resolve(address);
        });
      });
    });
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await failed(
        client.send(post(`http://${host}:${port}/token`), { environment: 'live', within: 2_000 }),
      );
      expect(error).toBeInstanceOf(NotSent);
      expect(error).toMatchObject({ code: 'provider.not_reached' });
    }
  });

  it('treats a failed TLS handshake as not sent', async () => {
    expect(
      await failed(
        client.send(post(`${origin.replace('http:', 'https:')}/token`), { environment: 'live', within: 2_000 }),
      ),
    ).toBeInstanceOf(NotSent);
    expect(seen).toEqual([]);
  });

  it('is one to a host that does not exist', async () => {
    expect(
      await failed(client.send(post('https://nowhere.invalid/token'), { environment: 'live', within: 10_000 })),
    ).toBeInstanceOf(NotSent);
  });
});

describe('a request whose answer is lost', () => {
  it.each<[string, RequestListener]>([
    [
      'the connection breaks before the answer',
      (request) => {
        request.socket.destroy();
      },
    ],
    [
      'it is reset',
      (request) => {
        request.socket.resetAndDestroy();
      },
    ],
    [
      'it breaks within the answer',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"access_token":', () => {
          response.destroy();
        });
      },
    ],
    [
      'what comes is not HTTP',
      (request) => {
        request.socket.end('good morning\r\n\r\n');
      },
    ],
    ['nothing comes in time', () => undefined],
    [
      'only the head comes in time',
      (_request, response) => {
        response.writeHead(200).flushHeaders();
      },
    ],
  ])('is one where %s', async (_what, behave) => {
    answer = behave;
    const error = await failed(send('/token', 300));
    expect(error).toBeInstanceOf(AnswerLost);
    expect(error).toMatchObject({ code: 'provider.answer_lost' });
    expect(seen).toHaveLength(1);
  });

  it('is given up when the time is over, not before', async () => {
    answer = (_request, response) => {
      setTimeout(() => {
        response.end('{"late":true}');
      }, 400);
    };
    expect((await send('/token', 3_000)).body.toString()).toBe('{"late":true}');
    const started = performance.now();
    expect(await failed(send('/token', 150))).toBeInstanceOf(AnswerLost);
    expect(performance.now() - started).toBeGreaterThanOrEqual(140);
  });
});

describe('an answer whose transfer is wrong', () => {
  const WHOLE = '{"access_token":"a","refresh_token":"r"}';

  it.each<[string, RequestListener]>([
    [
      'the connection ends before as much has come as was announced',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write(WHOLE, () => {
          response.destroy();
        });
      },
    ],
    [
      'the last chunk never comes',
      (request, response) => {
        response.writeHead(200).write(WHOLE, () => {
          request.socket.end();
        });
      },
    ],
    [
      'the connection is reset after it',
      (request, response) => {
        response.writeHead(200).write(WHOLE, () => {
          setTimeout(() => {
            request.socket.resetAndDestroy();
          }, 50);
        });
      },
    ],
    [
      'garbage follows where a chunk should',
      (request, response) => {
        response.writeHead(200).write(WHOLE, () => {
          request.socket.end('garbage\r\n');
        });
      },
    ],
    [
      'it stays open',
      (_request, response) => {
        response.writeHead(200).write(WHOLE);
      },
    ],
    [
      'more than a megabyte of blanks follows',
      (_request, response) => {
        response.end(WHOLE + ' '.repeat(2 * MEGABYTE));
      },
    ],
  ])('is taken where its bytes hold a whole object, though %s', async (_what, behave) => {
    answer = behave;
    expect(await send('/token', 400)).toMatchObject({ status: 200, body: { length: expect.any(Number) } });
  });

  it.each<[string, RequestListener]>([
    [
      'a form, which may continue',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('access_token=a', () => {
          response.destroy();
        });
      },
    ],
    [
      'half an object',
      (_request, response) => {
        response.writeHead(200).write(WHOLE.slice(0, -1));
      },
    ],
  ])('is lost if it is interrupted after %s', async (_what, behave) => {
    answer = behave;
    expect(await failed(send('/token', 300))).toBeInstanceOf(AnswerLost);
  });

  it('ends where its length was announced, whatever follows', async () => {
    answer = (request) => {
      request.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${WHOLE.length - 1}\r\n\r\n${WHOLE}`);
    };
    expect((await send()).body.toString()).toBe(WHOLE.slice(0, -1));
  });
});

describe('the error of a call', () => {
  it('names where it went, and holds nothing that was sent', async () => {
    answer = (request) => {
      request.socket.destroy();
    };
    const unsent = new PlatformRequest({
      method: 'GET',
      url: `${origin}/me`,
      headers: { authorization: 'Bearer hidden\ntoken' },
    });
    const errors = [await failed(send()), await failed(client.send(unsent, { environment: 'live', within: 500 }))];
    expect(errors.map(({ message }) => message)).toEqual([`POST ${origin}/token`, `GET ${origin}/me`]);
    for (const error of errors) expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hidden');
  });
});
