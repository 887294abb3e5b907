import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { connectorTrusting, connectSocket } from './connect.js';
import { OutboundClient, type OutboundOptions } from './outbound-client.js';

/** Self-signed, for receiver.test, until 2126. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIUMKRWJEc+fyz1UQADx8fyH3s/gIEwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDAgFw0yNjExMzAyMzQ3MzRaGA8yMTI2
MTEwNjIzNDczNFowGDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABI1UC4+P6dFk7fdPMsmlhqtj3Jv1yOD6wAkdKjBgtgo3
Cy09Ef8XVpy+6PXoa2J9axitpXwH/Q/TlXXeLJj9UZ2jbTBrMB0GA1UdDgQWBBSP
gZbw62CWaajk257Q778+KACXgTAfBgNVHSMEGDAWgBSPgZbw62CWaajk257Q778+
KACXgTAPBgNVHRMBAf8EBTADAQH/MBgGA1UdEQQRMA+CDXJlY2VpdmVyLnRlc3Qw
CgYIKoZIzj0EAwIDSQAwRgIhAKx7uYQTrBqQUzDfigXjcmgzZ+zUtkmI/ftyXSVZ
vWy7AiEAhSdCMRQxDDZaibZm/JBSwe+TTiyjSvQ4xHR0d4ioP+0=
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgP8RlCe5p7QARL5Ak
Kr5w2TBBdgnqot5bfF+oehdibeKhRANCAASNVAuPj+nRZO33TzLJpYarY9yb9cjg
+sAJHSowYLYKNwstPRH/F1acvuj16GtifWsYraV8B/0P05V13iyY/VGd
-----END PRIVATE KEY-----
`;
const HTTP = { allowHttp: true };
const servers: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

/** Listens on loopback; answers the port. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  servers.push({ server, sockets });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

const clientWith = (options: Partial<OutboundOptions> = {}): OutboundClient =>
  new OutboundClient({ allowCidrs: ['127.0.0.0/8'], ...options });

const post = (client: OutboundClient, url: string, keepBytes = 1_024) =>
  client.send(
    { url, method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}', keepBytes },
    HTTP,
  );

async function postTo(listener: RequestListener, options?: Partial<OutboundOptions>, keepBytes?: number) {
  const port = await listen(createServer(listener));
  return post(clientWith(options), `http://127.0.0.1:${port}/hook?a=b`, keepBytes);
}

/** Answers each connection on the level of bytes. */
async function postToSocket(onConnection: (socket: Socket) => void, options?: Partial<OutboundOptions>) {
  const port = await listen(createTcpServer(onConnection));
  return post(clientWith(options), `http://127.0.0.1:${port}/`);
}

describe('a call to a URL of a tenant', () => {
  it('sends method, path, headers and body, and keeps status, headers and the first bytes of the answer', async () => {
    const outcome = await postTo((request, response) => {
      request.setEncoding('utf8').once('data', (body: string) => {
        response.writeHead(201, { 'x-answer': 'yes', 'set-cookie': 'a=b' });
        const { method, url, headers } = request;
        response.end(JSON.stringify([method, url, headers['content-type'], headers.connection, body]));
      });
    });
    expect(outcome).toEqual({
      kind: 'answered',
      status: 201,
      headers: expect.objectContaining({ 'x-answer': 'yes' }),
      excerpt: JSON.stringify(['POST', '/hook?a=b', 'application/json', 'close', '{"a":1}']),
      durationMs: expect.any(Number),
    });
    expect(outcome).not.toHaveProperty(['headers', 'set-cookie']);
  });

  it('connects to the checked address of a name, and sends the name as Host', async () => {
    const port = await listen(createServer(({ headers }, response) => response.end(headers.host)));
    const client = clientWith({ resolve: () => Promise.resolve(['127.0.0.1']) });
    expect(await post(client, `http://Receiver.test:${port}/`)).toMatchObject({ excerpt: `receiver.test:${port}` });
  });

  it('answers a redirect to a private address without following it', async () => {
    let requests = 0;
    const dialled: string[] = [];
    const outcome = await postTo(
      (_request, response) => {
        requests++;
        response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
      },
      {
        connect: (dial) => {
          dialled.push(dial.address);
          return connectSocket(dial);
        },
      },
    );
    expect(outcome).toMatchObject({ kind: 'answered', status: 307 });
    expect([requests, dialled]).toEqual([1, ['127.0.0.1']]);
  });

  it('reads no more of 10 MB than it keeps', async () => {
    let written = 0;
    const outcome = await postTo((_request, response) => {
      response.write(Buffer.alloc(10_000_000, 'a'));
      response.once('close', () => {
        written = response.socket?.bytesWritten ?? 0;
      });
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 200, excerpt: 'a'.repeat(1_024) });
    expect(written).toBeLessThan(10_000_000);
  });

  it('keeps the status and what arrived of a body that is slower than the time allows', async () => {
    const outcome = await postTo((_request, response) => void response.writeHead(200).write('a'), {
      totalTimeout: 100,
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 200, excerpt: 'a' });
    expect(outcome.durationMs).toBeLessThan(2_000);
  });

  it('keeps the status of a body that is interrupted', async () => {
    const outcome = await postToSocket((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nabc'));
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 500, excerpt: 'abc' });
  });

  it('keeps well-formed text of a body that is cut inside a character, is not UTF-8, or contains NUL', async () => {
    const excerpt = (body: Buffer | string) => postTo((_request, response) => response.end(body), {}, 4);
    expect(await excerpt('aé€')).toMatchObject({ excerpt: 'aé' });
    expect(await excerpt(Buffer.from([0x61, 0xff, 0x00, 0x62]))).toMatchObject({ excerpt: 'a\ufffd\ufffdb' });
  });

  it.each([
    ['timeout', 'sends nothing', () => undefined],
    ['timeout', 'sends one byte of its status line', (socket: Socket) => void socket.write('H')],
    ['reset', 'resets the connection', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
    ['reset', 'closes the connection', (socket: Socket) => void socket.once('data', () => socket.end())],
    [
      'malformed_answer',
      'answers in another protocol than HTTP',
      (socket: Socket) => void socket.once('data', () => socket.end('SSH-2.0\r\n')),
    ],
    [
      'malformed_answer',
      'sends headers of 100 kB',
      (socket: Socket) => void socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\na: ${'a'.repeat(100_000)}`)),
    ],
  ] satisfies [string, string, (socket: Socket) => void][])(
    'fails with %s where the receiver %s',
    async (code, _what, onConnection) => {
      const outcome = await postToSocket(onConnection, { totalTimeout: code === 'timeout' ? 100 : 5_000 });
      expect(outcome).toMatchObject({ kind: 'failed', code });
    },
  );

  it('fails with connect where nothing listens', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    server.close();
    expect(await post(clientWith(), `http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', code: 'connect' });
  });

  it('refuses a socket that is connected to another address than the checked one', async () => {
    const port = await listen(createServer((_request, response) => response.end()));
    const client = clientWith({
      allowCidrs: [],
      connect: (dial) => connectSocket({ ...dial, address: '127.0.0.1' }),
    });
    expect(await post(client, `http://8.8.8.8:${port}/`)).toMatchObject({ kind: 'refused', reason: 'address' });
  });

  it('waits for running calls when it is closed, and accepts no more', async () => {
    const port = await listen(createServer((_request, response) => void setTimeout(() => response.end(), 20)));
    const client = clientWith();
    const running = post(client, `http://127.0.0.1:${port}/`);
    await client.close();
    expect(await running).toMatchObject({ kind: 'answered', status: 200 });
    await expect(post(client, `http://127.0.0.1:${port}/`)).rejects.toThrow('closed');
  });
});

describe('a call over TLS', () => {
  const resolve = () => Promise.resolve(['127.0.0.1']);
  const listenTls = () =>
    listen(
      createTlsServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`));
      }),
    );

  it('verifies the certificate against the name, which the receiver gets by SNI and as Host', async () => {
    const names: unknown[] = [];
    const server = createTlsServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
      names.push((socket as TLSSocket & { servername: string }).servername);
      socket.once('data', (bytes: Buffer) => {
        names.push(/^host: (.*):/im.exec(bytes.toString())?.[1]);
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`);
      });
    });
    server.on('tlsClientError', () => undefined);
    const port = await listen(server);
    const client = clientWith({ resolve, connect: connectorTrusting(CERTIFICATE) });
    expect(await post(client, `https://receiver.test:${port}/`)).toMatchObject({ kind: 'answered', excerpt: 'ok' });
    expect(await post(client, `https://receiver.test.:${port}/`)).toMatchObject({ kind: 'answered', excerpt: 'ok' });
    expect(names).toEqual(['receiver.test', 'receiver.test', 'receiver.test', 'receiver.test.']);
    for (const other of ['other.test', '127.0.0.1'])
      expect(await post(client, `https://${other}:${port}/`)).toMatchObject({ kind: 'failed', code: 'tls' });
  });

  it('fails where the certificate is self-signed', async () => {
    const port = await listenTls();
    const outcome = await post(clientWith({ resolve }), `https://receiver.test:${port}/`);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'tls' });
  });

  it('fails where the receiver does not use TLS, or does not end the handshake in time', async () => {
    const plain = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 No\r\n\r\n')));
    expect(await post(clientWith({ resolve }), `https://receiver.test:${plain}/`)).toMatchObject({ code: 'tls' });
    const silent = await listen(createTcpServer());
    const client = clientWith({ resolve, connectTimeout: 100 });
    expect(await post(client, `https://receiver.test:${silent}/`)).toMatchObject({ code: 'timeout' });
  });
});
