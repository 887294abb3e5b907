import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { registerProviders } from '#providers';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { PlatformDouble } from '../../../../test/support/platform-double.js';
import { CallDeadline } from './calls.controller.js';

const platform = new PlatformDouble();
let api: TestApi;
let key: string;
let id: string;
let deadline: CallDeadline;

beforeAll(async () => {
  await platform.open();
  registerProviders([platform.definition]);
  api = await openTestApi();
  key = await api.key({ environment: 'live' });
  const app = { provider: 'double', name: 'Ours', client_id: 'our-id', client_secret: 'shh' };
  await api.post('/v1/oauth-apps', key, { ...app, allowed_return_urls: ['https://app.example.com/'] });
  const started = await api.call('/v1/oauth/double/start?return_url=https://app.example.com/', { as: key });
  const { state } = (await started.json()) as { state: string };
  await api.call(`/v1/oauth/double/callback?code=a-code&state=${state}`);
  const listed = (await (await api.call('/v1/accounts', { as: key })).json()) as { items: { id: string }[] };
  id = listed.items[0]!.id;
  deadline = api.app.get(CallDeadline, { strict: false });
});
afterAll(async () => {
  await api.close();
  platform.close();
});
beforeEach(() => {
  platform.seen.length = 0;
  deadline.milliseconds = 60_000;
});

interface Transfer {
  socket: Socket;
  /** All bytes of the answer, once the connection is closed. */
  end: Promise<Buffer>;
}

/** Sends bytes as they are: the head of a call, then `body`. */
function send(method: string, headers: string[], body = ''): Transfer {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('error', () => undefined).on('data', (chunk) => chunks.push(chunk));
  const lines = ['Host: a', `Authorization: Bearer ${key}`, 'Connection: close', ...headers];
  socket.write(`${method} /v1/accounts/${id}/proxy/a HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  const end = once(socket, 'close').then(() => Buffer.concat(chunks));
  return { socket, end };
}

const textOf = async ({ end }: Transfer): Promise<string> => (await end).toString('latin1');
const bodyOf = (answer: Buffer): Buffer => answer.subarray(answer.indexOf('\r\n\r\n') + 4);

/** Answers with these bytes, as they are, once the request has come. */
const answerWith = (bytes: string | Buffer): void => {
  platform.answer = (request: IncomingMessage) => {
    request.resume().on('end', () => request.socket.end(bytes));
  };
};

describe('a call whose time is over', () => {
  it('is 408 where its body has not arrived, and ends at the platform', async () => {
    deadline.milliseconds = 250;
    const ended = new Promise((resolve) => {
      platform.answer = (request) =>
        request
          .on('error', () => undefined)
          .resume()
          .once('close', resolve);
    });
    const transfer = send('POST', ['Content-Length: 100'], 'some');
    const drip = setInterval(() => transfer.socket.writable && transfer.socket.write('.'), 50);
    const answer = await textOf(transfer);
    clearInterval(drip);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request.timeout"');
    expect(answer).not.toContain('evergrant-upstream');
    await ended;
  });

  it('is 502 where the platform has not answered, and ends there', async () => {
    deadline.milliseconds = 250;
    const ended = new Promise((resolve) => {
      platform.answer = (_request, response: ServerResponse) => response.once('close', resolve);
    });
    const answer = await textOf(send('GET', []));
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toContain('"code":"provider.unavailable"');
    await ended;
  });

  it('is cut off where the answer of the platform has begun', async () => {
    deadline.milliseconds = 250;
    const ended = new Promise((resolve) => {
      platform.answer = (_request, response) => {
        response.once('close', resolve).writeHead(200, { 'content-length': '100' }).write('begun');
      };
    });
    const answer = await textOf(send('GET', []));
    expect([answer.startsWith('HTTP/1.1 200 '), answer.endsWith('begun')]).toEqual([true, true]);
    await ended;
  });
});

describe('a call with unusual framing', () => {
  it('may wait for 100 Continue, which is not requested of the platform', async () => {
    answerWith('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const transfer = send('POST', ['Expect: 100-continue', 'Content-Length: 4']);
    transfer.socket.once('data', () => transfer.socket.write('body'));
    const answer = await textOf(transfer);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(platform.seen[0]!.headers).not.toHaveProperty('expect');
  });

  it('may request an upgrade, which is ignored: a WebSocket is not opened', async () => {
    answerWith('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const headers = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
    const answer = await textOf(send('GET', [...headers, 'Connection: Upgrade']));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(platform.seen[0]!.headers).not.toHaveProperty('upgrade');
  });

  it('may not have two lengths, or a length and chunks', async () => {
    answerWith('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const both = send('POST', ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\nGET / HTTP/1.1\r\n\r\n');
    const two = send('POST', ['Content-Length: 4', 'Content-Length: 5'], 'body!');
    for (const answer of [await textOf(both), await textOf(two)])
      expect([answer.slice(0, 13), answer.match(/HTTP\/1\.1/g)]).toEqual(['HTTP/1.1 400 ', ['HTTP/1.1']]);
    expect(platform.seen).toEqual([]);
  });
});

describe('an answer with unusual framing', () => {
  it.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'],
  ])('is the final one where %s comes before it', async (_status, before) => {
    answerWith(`${before}HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone`);
    const answer = await textOf(send('GET', []));
    expect([answer.slice(0, 13), answer.slice(-4), answer.match(/HTTP\/1\.1/g)]).toEqual([
      'HTTP/1.1 201 ',
      'done',
      ['HTTP/1.1'],
    ]);
  });

  it('is 502 where the platform switches protocols', async () => {
    answerWith('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbytes');
    const answer = await textOf(send('GET', []));
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).not.toContain('bytes');
  });

  it.each([204, 304])('is without a body where %i has one', async (status) => {
    answerWith(`HTTP/1.1 ${status} None\r\nContent-Length: 4\r\nETag: "a"\r\n\r\nbody`);
    const answer = await textOf(send('GET', []));
    expect([answer.slice(0, 13), bodyOf(Buffer.from(answer)).toString()]).toEqual([`HTTP/1.1 ${status} `, '']);
    expect(answer).toContain('etag: "a"');
  });

  it('is whole where it has chunks and trailers, which are not passed on', async () => {
    const chunks = '4\r\nfour\r\n4\r\n end\r\n0\r\nX-Checksum: 1\r\n\r\n';
    answerWith(`HTTP/1.1 200 OK\r\nTrailer: X-Checksum\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
    const answer = await textOf(send('GET', ['TE: trailers']));
    expect(
      bodyOf(Buffer.from(answer))
        .toString()
        .replace(/(^|\r\n)[\da-f]+\r\n/g, ''),
    ).toMatch(/^four end\r\n$/);
    expect(answer.toLowerCase()).not.toContain('checksum');
  });

  it.each([200, 401])('is passed on as compressed as it came: %i', async (status) => {
    const compressed = gzipSync('{"error":"invalid_token"}');
    const head = `HTTP/1.1 ${status} X\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: ${compressed.length}\r\n\r\n`;
    answerWith(Buffer.concat([Buffer.from(head), compressed]));
    const answer = await send('GET', ['Accept-Encoding: gzip']).end;
    expect(answer.toString('latin1')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*content-encoding: gzip`));
    expect([bodyOf(answer).equals(compressed), gunzipSync(bodyOf(answer)).toString()]).toEqual([
      true,
      '{"error":"invalid_token"}',
    ]);
    expect(platform.seen[0]!.headers['accept-encoding']).toBe('gzip');
  });
});
