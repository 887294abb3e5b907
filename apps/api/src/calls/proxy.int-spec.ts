import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { symbols } from 'pino';
import { createLogger } from '#observability';
import { registerProviders } from '#providers';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { PlatformDouble } from '../../../../test/support/platform-double.js';

const MEGABYTE = 1024 * 1024;
const platform = new PlatformDouble();
const lines: string[] = [];
let api: TestApi;
let key: string;
let id: string;

beforeAll(async () => {
  await platform.open();
  registerProviders([platform.definition]);
  const logger = createLogger({ app: 'test', level: 'trace' });
  Object.assign(logger, { [symbols.streamSym]: { write: (line: string) => lines.push(line) } });
  api = await openTestApi({}, logger);
  key = await api.key({ environment: 'live' });
  const app = { provider: 'double', name: 'Ours', client_id: 'our-id', client_secret: 'shh' };
  await api.post('/v1/oauth-apps', key, { ...app, allowed_return_urls: ['https://app.example.com/'] });
  const started = await api.call('/v1/oauth/double/start?return_url=https://app.example.com/', { as: key });
  const { state } = (await started.json()) as { state: string };
  await api.call(`/v1/oauth/double/callback?code=a-code&state=${state}`);
  const listed = (await (await api.call('/v1/accounts', { as: key })).json()) as { items: { id: string }[] };
  id = listed.items[0]!.id;
});
afterAll(async () => {
  await api.close();
  platform.close();
});
beforeEach(() => {
  platform.seen.length = 0;
  platform.answer = (request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json').end('{"done":true}');
  };
});

interface Answered {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Sends the path as it is written: `fetch` would resolve dot segments. */
async function call(target: string, { body, ...options }: RequestOptions & { body?: Readable | string } = {}) {
  const response = await begin(target, { body, ...options });
  return { status: response.statusCode!, headers: response.headers, body: await text(response) } satisfies Answered;
}

function begin(
  target: string,
  { body, headers, ...options }: RequestOptions & { body?: Readable | string | undefined } = {},
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      ...{ hostname, port, path: `/v1/accounts/${id}/proxy/${target}`, agent: false, ...options },
      headers: { authorization: `Bearer ${key}`, ...(headers as object) },
    });
    outgoing.once('response', resolve).once('error', reject);
    if (body instanceof Readable) body.pipe(outgoing);
    else outgoing.end(body);
  });
}

const problem = ({ status, headers, body }: Answered) => [
  status,
  (JSON.parse(body) as { code: string }).code,
  headers['evergrant-upstream'],
];

describe('a call through the proxy', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'reaches the platform with the token of the account: %s',
    async (method) => {
      const answer = await call('v1/things?a=%7B1%7D&b=x+y', { method });
      expect([answer.status, answer.body, answer.headers['evergrant-upstream']]).toEqual([200, '{"done":true}', '1']);
      const [request] = platform.seen;
      expect([request!.method, request!.url, request!.headers.authorization]).toEqual([
        method,
        '/api/v1/things?a=%7B1%7D&b=x+y',
        `Bearer ${PlatformDouble.token}`,
      ]);
    },
  );

  it('carries a body of any type, with or without a length', async () => {
    const bodies: string[] = [];
    platform.answer = (request, response) => {
      void text(request).then((body) => {
        bodies.push(`${request.headers['content-type']} ${request.headers['content-length']} ${body}`);
        response.end();
      });
    };
    const headers = { 'content-type': 'image/png' };
    await call('a', { method: 'POST', body: 'bytes', headers: { ...headers, 'content-length': 5 } });
    await call('a', { method: 'PUT', body: Readable.from(['in ', 'pieces']), headers });
    await call('a', {
      method: 'DELETE',
      body: '{}',
      headers: { 'content-type': 'application/json', 'content-length': 2 },
    });
    await call('a', { method: 'POST' });
    expect(bodies).toEqual([
      'image/png 5 bytes',
      'image/png undefined in pieces',
      'application/json 2 {}',
      'undefined 0 ',
    ]);
  });

  it('keeps the credentials, addresses and connection of the client to itself', async () => {
    await call('a', {
      method: 'POST',
      headers: {
        cookie: 'session=1',
        forwarded: 'for=1.2.3.4',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'a',
        'x-real-ip': '1.2.3.4',
        via: '1.1 a',
        'x-request-id': 'mine',
        'x-environment': 'live',
        connection: 'keep-alive, X-Private',
        'x-private': '1',
        te: 'trailers',
        'proxy-authorization': 'Basic a',
        'idempotency-key': 'k-1',
        'x-restli-protocol-version': '2.0.0',
        accept: 'text/html',
      },
    });
    const { headers } = platform.seen[0]!;
    expect(headers).toEqual({
      host: new URL(platform.origin).host,
      authorization: `Bearer ${PlatformDouble.token}`,
      accept: 'text/html',
      'accept-encoding': 'identity',
      'user-agent': 'evergrant',
      connection: 'keep-alive',
      'content-length': '0',
      'idempotency-key': 'k-1',
      'x-restli-protocol-version': '2.0.0',
    });
    expect(JSON.stringify(headers)).not.toContain(key);
  });

  it('answers status, body and safe headers as they come', async () => {
    platform.answer = (_request, response) => {
      response.writeHead(418, {
        ...{ 'content-type': 'text/html', 'x-rate-limit-remaining': '7', 'retry-after': '9', link: ['<a>', '<b>'] },
        ...{ 'set-cookie': 'a=b', 'x-request-id': 'theirs', ratelimit: '"x";r=1', 'access-control-allow-origin': '*' },
        ...{ 'strict-transport-security': 'max-age=1', connection: 'X-Hop', 'x-hop': '1', 'cache-control': 'public' },
        ...{ 'evergrant-upstream': '0', 'content-security-policy': "script-src 'self'" },
      });
      response.end('<teapot>');
    };
    const { status, headers, body } = await call('a');
    expect([status, body]).toEqual([418, '<teapot>']);
    expect(headers).toMatchObject({
      ...{ 'content-type': 'text/html', 'x-rate-limit-remaining': '7', 'retry-after': '9', 'evergrant-upstream': '1' },
      ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
      'x-request-id': expect.stringMatching(/^req_/),
      ratelimit: expect.stringMatching(/^"write"/),
    });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    for (const name of ['set-cookie', 'access-control-allow-origin', 'strict-transport-security', 'x-hop'])
      expect(headers).not.toHaveProperty(name);
  });

  it('answers a redirect and does not follow it', async () => {
    platform.answer = (_request, response) => {
      response.writeHead(302, { location: 'https://elsewhere.example/' }).end();
    };
    const { status, headers } = await call('a');
    expect([status, headers.location, platform.seen.length]).toEqual([302, 'https://elsewhere.example/', 1]);
  });

  it.each([204, 304])('answers without a body: %s', async (status) => {
    platform.answer = (_request, response) => response.writeHead(status).end();
    expect(await call('a', { method: 'DELETE' })).toMatchObject({ status, body: '' });
  });

  it.each([401, 403, 429, 500, 503])('answers the refusals of the platform as they are: %s', async (status) => {
    platform.answer = (_request, response) => response.writeHead(status).end('{"error":"theirs"}');
    const answer = await call('a');
    expect([answer.status, answer.body, answer.headers['evergrant-upstream']]).toEqual([
      status,
      '{"error":"theirs"}',
      '1',
    ]);
  });

  it('answers a refusal that is too large to be classified whole', async () => {
    const large = 'x'.repeat(300_000);
    platform.answer = (_request, response) => response.writeHead(400).end(large);
    expect((await call('a')).body).toBe(large);
  });

  it.each([
    '..',
    '../token',
    'a/../../b',
    '%2e%2e/x',
    '%252e%252e/x',
    'a%2fb',
    'a%5cb',
    '/evil.example/x',
    '//evil.example',
    'https://evil.example/',
    'https:%2f%2fevil.example',
    'evil.example/x',
    'user@evil.example/x',
    'a%00',
    'a%0d%0aHost:x',
    'a?access_token=1',
    'a?access%5Ftoken=1',
    'oauth/token',
    '',
  ])('is refused where its path would leave the API: %s', async (target) => {
    const answer = await call(target);
    expect([answer.status, answer.headers['evergrant-upstream'], platform.seen]).toEqual([400, undefined, []]);
    expect((JSON.parse(answer.body) as { code: string }).code).toBe('proxy.path_not_allowed');
  });

  it('is refused without a credential, the scope, or an account of the tenant', async () => {
    const weak = await api.key({ environment: 'live', scopes: ['accounts:read'] });
    const foreign = await api.key({ environment: 'live', workspace: 'another' });
    const as = (one: string) => ({ headers: { authorization: `Bearer ${one}` } });
    expect(problem(await call('a', as('nothing')))).toEqual([401, 'credential.invalid', undefined]);
    expect(problem(await call('a', as(weak)))).toEqual([403, 'scope.missing', undefined]);
    expect(problem(await call('a', as(foreign)))).toEqual([404, 'account.not_found', undefined]);
    for (const method of ['OPTIONS', 'HEAD', 'QUERY']) {
      const { status, headers } = await call('a/b', { method });
      expect([method, status, headers.allow]).toEqual([
        method,
        405,
        expect.stringMatching(/^DELETE, GET, (HEAD, )?PATCH, POST, PUT$/),
      ]);
    }
    expect(platform.seen).toEqual([]);
  });

  it.each<[string, (request: IncomingMessage) => void]>([
    ['closes the connection before its answer', (request) => request.socket.destroy()],
    [
      'closes the connection within a refusal',
      (request) => request.socket.end('HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n{'),
    ],
  ])('is a 502 where the platform %s', async (_what, interrupt) => {
    platform.answer = (request) => {
      interrupt(request);
    };
    expect(problem(await call('a'))).toEqual([502, 'provider.unavailable', undefined]);
  });

  it('is cut off where the answer of the platform is incomplete', async () => {
    platform.answer = (request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('begun');
      setTimeout(() => request.socket.destroy(), 20);
    };
    await expect(call('a')).rejects.toThrow();
  });

  it.each([false, true])(
    'ends at the platform when its client is gone, also within the answer: %s',
    async (isBegun) => {
      const gone = new AbortController();
      const ended = new Promise<void>((resolve) => {
        platform.answer = (_request, response) => {
          response.once('close', () => {
            resolve();
          });
          if (isBegun) response.writeHead(200).write('begun');
          setTimeout(() => {
            gone.abort();
          }, 100);
        };
      });
      const calling = begin('a', { signal: gone.signal }).then((response) => response.on('error', () => undefined));
      calling.catch(() => undefined);
      await ended;
      expect(platform.seen).toHaveLength(1);
    },
  );
});

describe('a large body', () => {
  /** That number of megabytes, made when they are read; `made` gets the bytes so far. */
  const megabytes = (count: number, made: (bytes: number) => void = () => undefined): Readable => {
    let left = count * 16;
    return new Readable({
      read() {
        this.push(left-- > 0 ? Buffer.alloc(MEGABYTE / 16, 'x') : null);
        made(count * MEGABYTE - (left * MEGABYTE) / 16);
      },
    });
  };
  const count = async (stream: Readable, read: (bytes: number) => void = () => undefined): Promise<number> => {
    let size = 0;
    for await (const chunk of stream) {
      size += (chunk as Buffer).length;
      read(size);
    }
    return size;
  };

  /** The most bytes that were made and not read yet: they are in buffers, of the processes or of the kernel. */
  class Underway {
    most = 0;
    #made = 0;

    readonly made = (bytes: number): void => {
      this.#made = bytes;
    };

    readonly read = (bytes: number): void => {
      this.most = Math.max(this.most, this.#made - bytes);
    };
  }

  it('streams sixty megabytes both ways, and holds a bounded part of them', async () => {
    let arrived = 0;
    const [up, down] = [new Underway(), new Underway()];
    platform.answer = (request, response) => {
      void count(request, up.read).then((size) => {
        arrived = size;
        megabytes(60, down.made).pipe(response);
      });
    };
    const response = await begin('upload', { method: 'POST', body: megabytes(60, up.made) });
    expect([arrived, await count(response, down.read)]).toEqual([60 * MEGABYTE, 60 * MEGABYTE]);
    expect(Math.min(up.most, down.most)).toBeGreaterThan(0);
    expect(Math.max(up.most, down.most) / MEGABYTE).toBeLessThan(30);
  });

  it('is read no faster than the client reads it', async () => {
    let sent = 0;
    platform.answer = (_request, response) => {
      const source = megabytes(60);
      source.on('data', (chunk: Buffer) => {
        sent += chunk.length;
      });
      source.pipe(response);
    };
    const response = await begin('download');
    await new Promise((later) => setTimeout(later, 300));
    expect(sent / MEGABYTE).toBeLessThan(30);
    expect(await count(response)).toBe(60 * MEGABYTE);
  });

  it('is refused with more than a hundred megabytes: by its length at once, else when they are reached', async () => {
    platform.answer = (request, response) => {
      request.on('error', () => undefined).resume();
      request.on('end', () => response.end('arrived whole'));
    };
    const length = 100 * MEGABYTE + 1;
    const headers = { 'content-length': length, expect: '100-continue' };
    const declared = await begin('upload', { method: 'POST', headers, agent: false, body: Readable.from([]) }).catch(
      () => undefined,
    );
    expect([declared?.statusCode, platform.seen]).toEqual([413, []]);
    declared?.destroy();
    const undeclared = await call('upload', { method: 'POST', body: megabytes(101) });
    expect(problem(undeclared)).toEqual([413, 'body.too_large', undefined]);
  });

  it('is still refused by every other route', async () => {
    const answer = await api.post('/v1/oauth-apps', key, { name: 'x'.repeat(102_400) });
    expect(answer.status).toBe(413);
  });
});

describe('the log', () => {
  it('has the calls, and neither a token nor a key nor a query', () => {
    const log = lines.join('');
    expect(log).toContain('/v1/accounts/:id/proxy/*');
    for (const secret of [PlatformDouble.token, key, 'refresh-1', 'access_token=', 'evil.example'])
      expect(log).not.toContain(secret);
  });
});
