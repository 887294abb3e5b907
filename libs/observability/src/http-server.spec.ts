import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { RefusedConnection } from './connection-problems.js';
import { type HttpServerOptions, newHttpServer } from './http-server.js';

/** Short limits keep the tests fast. */
const times = {
  checkEvery: 20,
  headers: 150,
  request: 300,
  longRequest: 550,
  keepAlive: 100,
  idle: 400,
  exchange: 600,
};

let server: Server;
const refused: RefusedConnection[] = [];
const dropped: (string | undefined)[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  server.closeAllConnections();
  refused.length = 0;
  dropped.length = 0;
});

const answering: RequestListener = (request, response) => {
  request
    .on('error', () => undefined)
    .resume()
    .on('end', () => response.end('done'));
};

async function start(
  handler: RequestListener = answering,
  limits: Partial<Pick<HttpServerOptions, 'most' | 'mostPerAddress' | 'isTrusted' | 'mayTakeLong' | 'contentOf'>> = {},
): Promise<void> {
  server = newHttpServer({
    ...{
      handler,
      times,
      most: 1_000,
      mostPerAddress: 1_000,
      newRequestId: () => 'req_1',
      headers: (peer) => ({ 'X-Frame-Options': 'DENY', 'X-Peer': peer }),
    },
    ...{ onRefused: (one) => refused.push(one), onDropped: (address) => dropped.push(address), ...limits },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

interface Client {
  socket: Socket;
  /** All bytes from the server, once it has closed the connection. */
  end: Promise<string>;
}

function open(text = ''): Client {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  let received = '';
  socket
    .on('error', () => undefined)
    .on('data', (data) => {
      received += data.toString();
    });
  socket.write(text);
  return {
    socket,
    end: new Promise((resolve) =>
      socket.once('close', () => {
        resolve(received);
      }),
    ),
  };
}

/** Sends one piece repeatedly, to keep the connection open. */
function drip({ socket, end }: Client, piece: string): Promise<string> {
  const timer = setInterval(() => socket.writable && socket.write(piece), 30);
  return end.finally(() => {
    clearInterval(timer);
  });
}

function read(answer: string): { head: string; body: unknown } {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { head, body: JSON.parse(body) };
}

function expectProblem(answer: string, status: number, code: string): void {
  const { head, body } = read(answer);
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toMatch(/\r\nConnection: close/);
  expect(head).toMatch(/\r\nContent-Type: application\/problem\+json; charset=utf-8/);
  expect(head).toMatch(/\r\nX-Request-Id: req_1/);
  expect(head).toMatch(/\r\nX-Frame-Options: DENY\r\nX-Peer: 127\.0\.0\.1/);
  expect(body).toMatchObject({ type: 'about:blank', status, code, request_id: 'req_1' });
  expect(refused).toMatchObject([{ status, requestId: 'req_1', address: '127.0.0.1' }]);
}

describe('a client that takes too long', () => {
  it.each([
    ['for its first byte', '', ''],
    ['for its headers, one byte at a time', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: ', 'a'],
    ['for its body, one byte at a time', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n', 'a'],
    ['for its chunks', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\na\r\n'],
  ])('a client too slow %s gets a problem, and its connection ends', async (_what, begin, piece) => {
    await start();
    expectProblem(await drip(open(begin), piece), 408, 'request.timeout');
  });

  it('a client that sends only line ends between requests is disconnected', async () => {
    await start();
    const answer = await drip(open('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), '\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[^]*done/);
  });

  it('a client with an unfinished answer is disconnected', async () => {
    await start((_request, response) => {
      response.write('begun');
    });
    expect(await open('GET / HTTP/1.1\r\nHost: a\r\n\r\n').end).toMatch(/^HTTP\/1.1 200 OK[^]*begun/);
  });

  it('a client gets no second answer after the first has started', async () => {
    await start((_request, response) => {
      response.write('begun');
    });
    const answer = await drip(open('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n'), 'a');
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  });
});

describe('a server with routes for large bodies', () => {
  const mayTakeLong = ({ url }: { url?: string | undefined }): boolean => url === '/large';
  const begin = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n`;

  /** The names of clients in the order in which their slow bodies are refused. */
  const refusals = async (clients: Record<string, Client>): Promise<string[]> => {
    const order: string[] = [];
    const ends = Object.entries(clients).map(async ([name, client]) => {
      expect(await drip(client, 'a')).toMatch(/^HTTP\/1.1 408 /);
      order.push(name);
    });
    await Promise.all(ends);
    return order;
  };

  it('gives a slow body more time on such a route, and its usual time on others', async () => {
    await start(answering, { mayTakeLong });
    expect(await refusals({ large: open(begin('/large')), usual: open(begin('/')) })).toEqual(['usual', 'large']);
  });

  it('answers a slow body in the form that its path has', async () => {
    const contentOf: HttpServerOptions['contentOf'] = ({ code, path, requestId }) => ({
      contentType: 'text/plain',
      body: [code, path, requestId].join(' '),
    });
    await start(answering, { mayTakeLong, contentOf });
    const answer = await drip(open(begin('/?a=1')), 'a');
    expect(answer).toMatch(/^HTTP\/1.1 408 [^]*Content-Type: text\/plain; charset=utf-8\r\n/);
    expect(answer).toMatch(/request\.timeout \/\?a=1 req_1$/);
  });

  it('counts the time of the headers of a slow body', async () => {
    await start(answering, { mayTakeLong });
    const slow = open(begin('/').slice(0, -2));
    await new Promise((later) => setTimeout(later, 130));
    slow.socket.write('\r\n');
    expect(await refusals({ later: open(begin('/')), slow })).toEqual(['slow', 'later']);
  });
});

describe('a client that does not use HTTP', () => {
  it.each([
    ['a line that is no request', 'hello\r\n\r\n', 400, 'request.malformed'],
    ['a method that is none', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'request.malformed'],
    ['a version that is none', 'GET / HTTP/7.3\r\nHost: a\r\n\r\n', 400, 'request.malformed'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'request.malformed',
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'request.malformed',
    ],
    [
      'a chunk of no length',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
      'request.malformed',
    ],
    ['headers of 20 kB', `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers.too_large'],
    ['a request line of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, 'headers.too_large'],
    ['a request for a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405, 'method.not_allowed'],
  ])('a client that sends %s gets a problem', async (_what, text, status, code) => {
    await start();
    expectProblem(await open(text).end, status, code);
  });
});

describe('a malformed request behind others on one connection', () => {
  /** Answers in another order than the requests come in: the first takes longest. */
  const slowly: RequestListener = (request, response) => {
    const waits: Record<string, number> = { '/1': 60, '/2': 20, '/3': 40 };
    request.on('error', () => undefined).resume();
    setTimeout(() => response.end(`done ${request.url ?? ''}`), waits[request.url ?? ''] ?? 0);
  };
  const statuses = (answers: string): (string | undefined)[] =>
    [...answers.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, code]) => code);
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const post = (path: string, body: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  it.each([
    ['a line that is no request', 'hello\r\n\r\n', '400'],
    ['headers that are too large', `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, '431'],
    ['a chunk of no length', 'POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', '400'],
    ['a request for a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', '405'],
  ])('is refused after the others are answered: %s', async (_what, malformed, status) => {
    await start((request, response) => {
      if (request.url === '/4')
        request
          .on('error', () => undefined)
          .resume()
          .on('end', () => response.end());
      else slowly(request, response);
    });
    const answers = await open(`${get('/1')}${post('/2', 'body')}${get('/3')}${malformed}`).end;
    expect(statuses(answers)).toEqual(['200', '200', '200', status]);
    expect(answers.match(/done \/\d/g)).toEqual(['done /1', 'done /2', 'done /3']);
    expect(answers).toMatch(/\r\nConnection: close\r\n[^]*"request_id":"req_1"\}$/);
    expect(refused).toHaveLength(1);
  });

  it('is refused once, whatever bytes follow it', async () => {
    await start(slowly);
    const client = open(`${get('/1')}hello\r\n\r\n`);
    expect(statuses(await drip(client, `${get('/2')}hello\r\n\r\n`))).toEqual(['200', '400']);
    expect(refused).toHaveLength(1);
  });

  it('does not keep a connection whose other answers never end', async () => {
    await start((_request, response) => {
      response.write('begun');
    });
    expect(statuses(await open(`${get('/1')}hello\r\n\r\n`).end)).toEqual(['200']);
  });

  it('is not answered where an answer before it closes the connection', async () => {
    await start(slowly);
    const closing = 'GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect(statuses(await open(`${closing}hello\r\n\r\n`).end)).toEqual(['200']);
  });
});

describe('connections', () => {
  const held = async (count: number): Promise<Client[]> => {
    const clients = Array.from({ length: count }, () => open('GET / HTTP/1.1\r\n'));
    await Promise.all(clients.map(({ socket }) => once(socket, 'connect')));
    return clients;
  };

  it('connections of one address above the limit are closed, until another one of them closes', async () => {
    await start(answering, { mostPerAddress: 3 });
    const [first] = await held(3);
    expect(await open('GET / HTTP/1.1\r\nHost: a\r\n\r\n').end).toBe('');
    expect(dropped).toEqual(['127.0.0.1']);
    first?.socket.destroy();
    await first?.end;
    await new Promise((later) => setTimeout(later, 20));
    expect(await open('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').end).toMatch(/^HTTP\/1.1 200/);
  });

  it('connections of a trusted proxy have no limit for one address', async () => {
    await start(answering, { mostPerAddress: 1, isTrusted: () => true });
    await held(3);
    expect(await open('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').end).toMatch(/^HTTP\/1.1 200/);
  });

  it('connections above the total limit are closed, from any address', async () => {
    await start(answering, { most: 2, isTrusted: () => true });
    await held(2);
    expect(await open('GET / HTTP/1.1\r\nHost: a\r\n\r\n').end).toBe('');
    expect(dropped).toEqual(['127.0.0.1']);
  });
});
