import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { METHODS } from 'node:http';
import { ConnectedApi, type Started } from '../../../../test/support/connected-api.js';
import { sendRaw } from '../../../../test/support/raw-request.js';

let connected: ConnectedApi;
beforeAll(async () => {
  connected = await ConnectedApi.open();
});
afterAll(() => connected.close());

interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

/** Sends bytes as they are. */
const raw = async (text: string): Promise<Answer> => {
  const response = await sendRaw(connected.api.url, text);
  return { status: response.status, headers: response.headers, body: await response.text() };
};

const fetched = async (path: string, init: RequestInit & { as?: string } = {}): Promise<Answer> => {
  const response = await connected.api.call(path, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
};

/** A callback that redirects: the person denied the consent. */
async function landing(): Promise<Answer> {
  const { body } = await connected.get<Started>('/v1/oauth/x/start');
  return fetched(`/v1/oauth/x/callback?state=${body.state}&error=access_denied`);
}

const JSON_TYPE = { 'content-type': 'application/json' };
const asKey = (path: string, init: RequestInit = {}): Promise<Answer> => fetched(path, { as: connected.key, ...init });
const keyWithoutScope = (): Promise<string> => connected.api.key({ scopes: ['posts:read'] });

async function aboveLimit(): Promise<Answer> {
  const as = await connected.api.key({ rateLimits: { read: 1 } });
  await fetched('/v1/accounts', { as });
  return fetched('/v1/accounts', { as });
}

/** The answer to a list while each read of the keys runs this statement. */
async function whileKeys(statement: string): Promise<Answer> {
  const { pool } = connected;
  await pool.query(`
    alter table api_keys rename to hidden;
    create function fail() returns boolean language plpgsql as $$ begin ${statement}; return true; end $$;
    create view api_keys as select hidden.* from fail() left join hidden on true`);
  try {
    return await asKey('/v1/accounts');
  } finally {
    await pool.query('drop view api_keys; drop function fail; alter table hidden rename to api_keys');
  }
}

const HOST = 'Host: a\r\nConnection: close\r\n';

const answers: [what: string, status: number, send: () => Promise<Answer>][] = [
  ['a redirect to the return URL', 302, landing],
  ['an empty answer to HEAD', 204, () => fetched('/v1/oauth/x/callback?state=a', { method: 'HEAD' })],
  ['a page', 200, () => fetched('/connected')],
  ['a page that refuses', 400, () => fetched('/v1/oauth/x/callback?state=a')],
  ['an empty refusal to a platform', 401, () => fetched('/v1/callbacks/tiktok', { method: 'POST', body: '{}' })],
  ['JSON', 200, () => fetched('/', { headers: { accept: 'application/json' } })],
  ['no credential', 401, () => fetched('/v1/accounts')],
  ['no path', 404, () => fetched('/nowhere')],
  ['no path, to HEAD', 404, () => fetched('/nowhere', { method: 'HEAD' })],
  ['a wrong method', 405, () => fetched('/v1/accounts', { method: 'PUT' })],
  ['a method that is rare', 405, () => raw(`PROPFIND /v1/accounts HTTP/1.1\r\n${HOST}\r\n`)],
  ['a path that cannot be decoded', 400, () => fetched('/v1/accounts/%zz')],
  ['a parameter that is too long', 400, () => fetched(`/data-deletion/${'a'.repeat(9_000)}`)],
  [
    'a body that is too large',
    413,
    () => fetched('/v1/callbacks/tiktok', { method: 'POST', body: 'a'.repeat(102_401) }),
  ],
  ['a request without a host', 400, () => raw('GET /connected HTTP/1.1\r\nConnection: close\r\n\r\n')],
  ['a request with two hosts', 400, () => raw(`GET /connected HTTP/1.1\r\nHost: b\r\n${HOST}\r\n`)],
  ['a version that is not spoken', 505, () => raw(`GET /connected HTTP/2.0\r\n${HOST}\r\n`)],
  ['an expectation that is none', 200, () => raw(`GET /connected HTTP/1.1\r\nExpect: the-best\r\n${HOST}\r\n`)],
  ['a line that is no request', 400, () => raw('hello\r\n\r\n')],
  ['a method that is none', 400, () => raw(`BREW / HTTP/1.1\r\n${HOST}\r\n`)],
  ['headers that are too large', 431, () => raw(`GET / HTTP/1.1\r\nX-A: ${'a'.repeat(20_000)}\r\n${HOST}\r\n`)],
  ['a request for a tunnel', 405, () => raw('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n')],
  ['a type that is not read', 415, () => asKey('/v1/api-keys', { method: 'POST', body: 'name' })],
  ['JSON that cannot be read', 400, () => asKey('/v1/api-keys', { method: 'POST', headers: JSON_TYPE, body: '{' })],
  ['a field that is not known', 400, () => asKey('/v1/accounts?a=1')],
  ['another environment', 400, () => asKey('/v1/accounts', { headers: { 'x-environment': 'live' } })],
  ['a scope that is missing', 403, async () => fetched('/v1/accounts', { as: await keyWithoutScope() })],
  ['a row that does not exist', 404, () => asKey('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q')],
  ['a list', 200, () => asKey('/v1/accounts')],
  ['the first request above the limit', 429, aboveLimit],
  ['a defect', 500, () => whileKeys('raise exception using message = 1')],
  ['a database that takes no more', 503, () => whileKeys("raise sqlstate '53300'")],
  ['the OpenAPI document', 200, () => fetched('/v1/openapi.json')],
  ['a page about a link that has ended', 404, () => fetched('/reauth/no-token', { headers: { accept: 'text/html' } })],
  ['metrics that are not served', 404, () => fetched('/metrics')],
];

const DOCUMENTATION: string[] = [
  '/docs',
  '/docs/',
  '/docs/swagger-ui.css',
  '/docs/swagger-ui-init.js',
  '/docs/nothing.js',
];

describe('a file of the documentation', () => {
  it.each([
    ['range', 'bytes=5000000-'],
    ['range', 'bytes=9-1'],
    ['range', 'bytes=0-9'],
    ['if-match', '"another"'],
    ['if-unmodified-since', 'Mon, 01 Jan 2001 00:00:00 GMT'],
  ])('is sent whole, whatever %s contains: %s', async (name, value) => {
    const whole = await fetched('/docs/swagger-ui.css');
    expect(await fetched('/docs/swagger-ui.css', { headers: { [name]: value } })).toMatchObject({
      status: 200,
      body: whole.body,
    });
  });

  it.each(['/docs/swagger-ui.css', '/docs/swagger-ui-init.js', '/docs/index.html', '/docs'])(
    'takes GET and HEAD only: %s',
    async (path) => {
      const { status, headers } = await fetched(path, { method: 'POST' });
      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    },
  );

  it.each(['GET', 'HEAD'])('is 404 where there is no such file: %s', async (method) => {
    const { status, headers } = await fetched('/docs/nothing.js', { method });
    expect([status, headers.get('allow')]).toEqual([404, null]);
  });
});

describe('every answer', () => {
  it.each(answers)('lets a browser do nothing with it, and has a request id: %s', async (_what, status, send) => {
    const { headers, ...answer } = await send();
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'x-request-id': expect.stringMatching(/^req_[0-9a-z]{26}$/),
    });
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it.each(answers)('shows the limit that its request counts against: %s', async (_what, _status, send) => {
    const { headers } = await send();
    const shown = [headers.get('ratelimit-policy'), headers.get('ratelimit')];
    const name = '"(read|write|heavy|public)"';
    expect(shown).toEqual([
      expect.stringMatching(new RegExp(`^${name};q=\\d+;w=60$`)),
      expect.stringMatching(new RegExp(`^${name};r=\\d+;t=\\d+$`)),
    ]);
  });

  it.each(DOCUMENTATION)('has a request id and a limit in the documentation: %s', async (path) => {
    const { headers } = await fetched(path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-request-id': expect.stringMatching(/^req_/),
      ratelimit: expect.stringMatching(/^"public";r=\d+;t=\d+$/),
    });
  });

  it('shows the count of the address after a wrong credential, and adds nothing to it', async () => {
    const left = async (path: string): Promise<number> =>
      Number(/r=(\d+)/.exec((await fetched(path, { as: 'dra_test_wrong' })).headers.get('ratelimit') ?? '')?.[1]);
    const counted = await left('/connected');
    expect([await left('/v1/accounts'), await left('/v1/accounts')]).toEqual([counted, counted]);
  });

  it.each(['/health/live', '/health/ready'])('shows no limit for a health check, which has none: %s', async (path) => {
    const { headers } = await fetched(path);
    expect([headers.get('ratelimit'), headers.get('x-request-id')]).toEqual([null, expect.stringMatching(/^req_/)]);
  });

  const refusals = answers.filter(([what, status]) => status >= 400 && !/page|empty refusal|HEAD/.test(what));
  it.each(refusals)('that refuses is a problem that names its request: %s', async (_what, status, send) => {
    const { headers, body } = await send();
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(JSON.parse(body)).toMatchObject({
      status,
      code: expect.any(String),
      request_id: headers.get('x-request-id'),
    });
  });

  const METHODS_WITHOUT_ROUTE = METHODS.filter((method) => !['CONNECT', 'GET', 'HEAD'].includes(method));
  it.each(METHODS_WITHOUT_ROUTE)('answers %s by whether the path is unknown or takes other methods', async (method) => {
    const bodies = [
      '',
      'Content-Type: text/plain\r\nContent-Length: 1\r\n',
      'Content-Length: 1\r\n',
      'Content-Type: nonsense\r\n',
    ];
    for (const headers of bodies) {
      const content = headers.includes('Length') ? 'a' : '';
      const send = (path: string): Promise<Answer> =>
        raw(`${method} ${path} HTTP/1.1\r\n${headers}${HOST}\r\n${content}`);
      const unknown = await send('/nowhere');
      expect([unknown.status, JSON.parse(unknown.body)]).toEqual([
        404,
        expect.objectContaining({ code: 'route.not_found' }),
      ]);
      const known = await send('/v1/accounts/one/events');
      expect([known.status, JSON.parse(known.body)]).toEqual([
        405,
        expect.objectContaining({ code: 'method.not_allowed' }),
      ]);
      expect(known.headers.get('allow')).toBe('GET, HEAD');
    }
  });

  it('answers requests on one connection in order, before the refusal of a malformed last one', async () => {
    const send = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { status, body } = await raw(
      `${send('/health/ready')}${send('/v1/accounts')}${send('/nowhere')}hello\r\n\r\n`,
    );
    expect([status, ...(body.match(/HTTP\/1.1 \d+/g) ?? [])]).toEqual([
      200,
      'HTTP/1.1 401',
      'HTTP/1.1 404',
      'HTTP/1.1 400',
    ]);
  });

  it('lets Swagger UI run its own scripts and nothing else', async () => {
    const { headers } = await fetched('/docs');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';.*script-src 'self';/);
  });

  it('has a connection that stays open longer than a load balancer keeps an idle one, and a request that must come within a minute at most', () => {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = connected.api.app.getHttpServer();
    expect([keepAliveTimeout, headersTimeout, requestTimeout]).toEqual([72_000, 20_000, 61_000]);
  });
});
