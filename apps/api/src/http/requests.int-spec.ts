import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await openTestApi();
  key = await api.key();
});

afterAll(() => api.close());

interface Answer {
  status: number;
  code: string;
  body: Record<string, unknown>;
}

async function answerTo(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await api.call(path, { as: key, ...init });
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body.request_id).toBe(response.headers.get('x-request-id'));
  return { status: response.status, code: String(body.code), body };
}

const typed = (type: string, body: string | Buffer, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type, ...headers },
  body,
});
const json = (body: string): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body });

describe('a problem', () => {
  it('has the members of RFC 9457, code, request_id and errors, and no others', async () => {
    const { body } = await answerTo('/v1/accounts?limit=0');
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'limit: must be between 1 and 100.',
      code: 'validation.failed',
      request_id: expect.stringMatching(/^req_[0-9a-z]{26}$/),
      errors: [{ field: 'limit', message: 'must be between 1 and 100' }],
    });
  });

  it('names every unknown field of a body', async () => {
    const { status, body } = await answerTo('/v1/api-keys', json('{"name":"a","nmae":"b","rate_limits":{"raed":1}}'));
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { field: 'rate_limits.raed', message: 'is not a known field' },
      { field: 'nmae', message: 'is not a known field' },
    ]);
  });

  it.each([
    ['a body that is no JSON', '/v1/api-keys', json('{"name":'), 400, 'body.malformed'],
    [
      'a body that plays with prototypes',
      '/v1/api-keys',
      json('{"name":"a","__proto__":{"x":1}}'),
      400,
      'validation.failed',
    ],
    ['a name given twice', '/v1/api-keys', json('{"name":"a","n\\u0061me":"b"}'), 400, 'validation.failed'],
    [
      'a body in another charset',
      '/v1/api-keys',
      typed('application/json; charset=iso-8859-1', '{"name":"a"}'),
      415,
      'body.unsupported',
    ],
    [
      'a body in two charsets',
      '/v1/api-keys',
      typed('application/json; charset=utf-8; charset=utf-16', '{"name":"a"}'),
      415,
      'body.unsupported',
    ],
    [
      'a compressed body',
      '/v1/api-keys',
      typed('application/json', '{"name":"a"}', { 'content-encoding': 'gzip' }),
      415,
      'body.unsupported',
    ],
    [
      'a body that is no UTF-8',
      '/v1/api-keys',
      typed('application/json', Buffer.from('{"name":"\xe4"}', 'latin1')),
      400,
      'body.malformed',
    ],
    [
      'a body in UTF-16',
      '/v1/api-keys',
      typed('application/json', Buffer.from('\ufeff{"name":"a"}', 'utf16le')),
      400,
      'body.malformed',
    ],
    [
      'a type that only begins like JSON',
      '/v1/api-keys',
      typed('application/jsonx', '{"name":"a"}'),
      415,
      'body.unsupported',
    ],
    [
      'a body without a type',
      '/v1/api-keys',
      { method: 'POST', body: Buffer.from('{"name":"a"}') },
      415,
      'body.unsupported',
    ],
    [
      'a body where none is read',
      '/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/refresh',
      json('{"force":true}'),
      400,
      'validation.failed',
    ],
    ['a body of a wrong shape', '/v1/api-keys', json('[1]'), 400, 'validation.failed'],
    ['no body where one is needed', '/v1/api-keys', { method: 'POST' }, 400, 'validation.failed'],
    ['a form', '/v1/api-keys', { method: 'POST', body: new URLSearchParams({ name: 'a' }) }, 415, 'body.unsupported'],
    ['plain text', '/v1/api-keys', { method: 'POST', body: 'name' }, 415, 'body.unsupported'],
    ['a body of 1 MB', '/v1/api-keys', json(JSON.stringify({ name: 'a'.repeat(1_000_000) })), 413, 'body.too_large'],
    ['an unknown path', '/v1/nothing', {}, 404, 'route.not_found'],
    ['an account id of another prefix', '/v1/accounts/oa_01h455vb4pex5vsknk084sn02q', {}, 404, 'account.not_found'],
    [
      'an account id with a capital letter',
      '/v1/accounts/acc_01H455vb4pex5vsknk084sn02q',
      {},
      404,
      'account.not_found',
    ],
    ['an account id that is too short', '/v1/accounts/acc_01h455', {}, 404, 'account.not_found'],
    ['a bare UUID on this surface', '/v1/accounts/01890a5d-ac96-774b-bcce-b302099a8057', {}, 404, 'account.not_found'],
    ['an unknown account', '/v1/accounts/acc_01h455vb4pex5vsknk084sn02q', {}, 404, 'account.not_found'],
    [
      'the events of an unknown account',
      '/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/events',
      {},
      404,
      'account.not_found',
    ],
    ['a percent sign that escapes nothing', '/v1/accounts/%zz', {}, 400, 'request.malformed'],
    ['a NUL in an id', '/v1/accounts/acc_%00', {}, 404, 'account.not_found'],
    ['a foreign state', '/v1/oauth/attempts/un.known', {}, 404, 'attempt.not_found'],
    ['an unknown platform', '/v1/oauth/myspace/start', {}, 400, 'provider.unknown'],
    ['a damaged cursor', '/v1/accounts?cursor=abc', {}, 400, 'cursor.invalid'],
    ['a limit that is no number', '/v1/accounts?limit=1e1', {}, 400, 'validation.failed'],
    ['a limit of white space', '/v1/accounts?limit=%20', {}, 400, 'validation.failed'],
    ['a hexadecimal limit', '/v1/accounts?limit=0x10', {}, 400, 'validation.failed'],
    ['a huge limit', '/v1/accounts?limit=1e9', {}, 400, 'validation.failed'],
    ['a limit in brackets', '/v1/accounts?limit[]=5', {}, 400, 'validation.failed'],
    ['an account id with bits too many', '/v1/accounts/acc_81h455vb4pex5vsknk084sn02q', {}, 404, 'account.not_found'],
    [
      'two words for the platform of an app that differ',
      '/v1/oauth-apps?provider=x&platform=tiktok',
      {},
      400,
      'validation.failed',
    ],
    ['a limit given twice', '/v1/accounts?limit=1&limit=2', {}, 400, 'validation.failed'],
    ['a search that is too long', `/v1/accounts?q=${'a'.repeat(101)}`, {}, 400, 'validation.failed'],
    ['two words for the platform that differ', '/v1/accounts?provider=x&platform=tiktok', {}, 400, 'validation.failed'],
  ])('is the response to %s', async (_what, path, init, status, code) => {
    expect(await answerTo(path, init)).toMatchObject({ status, code });
  });

  it.each([
    ['a percent sign that escapes nothing', '/v1/accounts/%zz', 'must be percent-encoded UTF-8'],
    ['bytes that are no UTF-8', '/v1/oauth/%ff/start', 'must be percent-encoded UTF-8'],
    ['9,000 characters', `/v1/accounts/${'a'.repeat(9_000)}`, 'has a segment that is too long'],
  ])('names the path where it has %s', async (_what, path, message) => {
    const { status, body } = await answerTo(path);
    expect([status, body.errors, body.detail]).toEqual([400, [{ field: 'path', message }], `path: ${message}.`]);
  });

  it('calls the types of JSON by their names', async () => {
    const path = '/v1/accounts/acc_01h455vb4pex5vsknk084sn02q';
    const { body } = await answerTo(path, { ...json('{"metadata":[],"handle":{}}'), method: 'PATCH' });
    expect(body.errors).toEqual([
      { field: 'handle', message: 'must be of the type string' },
      { field: 'metadata', message: 'must be of the type object' },
    ]);
  });

  it('names the methods of a path when the method is wrong', async () => {
    const response = await api.call('/v1/accounts', { as: key, method: 'PUT' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  });
});

describe('a request', () => {
  it.each([
    ['a byte order mark', 'application/json', '\ufeff{"name":"a"}'],
    ['the charset in its type', 'application/json; charset="UTF-8"', '{"name":"a"}'],
  ])('may have a body with %s', async (_what, type, body) => {
    expect((await api.call('/v1/api-keys', { as: key, ...typed(type, body) })).status).toBe(201);
  });

  it.each([
    ['two types of its body', 'Content-Type: text/plain', 400, 'request.malformed'],
    ['the type of its body twice', 'content-type: application/json', 400, 'request.malformed'],
    ['a transfer coding beside chunked', 'Transfer-Encoding: gzip, chunked', 415, 'body.unsupported'],
  ])('may not have %s', async (_what, line, status, code) => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    const head = [
      'POST /v1/api-keys HTTP/1.1',
      `Host: ${hostname}`,
      'Connection: close',
      `Authorization: Bearer ${key}`,
    ];
    const framing = line.startsWith('Transfer') ? [] : ['Transfer-Encoding: chunked'];
    const lines = [...head, 'Content-Type: application/json', line, ...framing, '', 'c', '{"name":"ab"'];
    socket.write(`${lines.join('\r\n')}\r\n1\r\n}\r\n0\r\n\r\n`);
    const answer = await text(socket);
    expect([Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), answer]).toEqual([status, expect.stringContaining(code)]);
  });

  it('may name the type of a body and then send none', async () => {
    const path = '/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/refresh';
    expect(await answerTo(path, json(''))).toMatchObject({ status: 404, code: 'account.not_found' });
  });

  it.each(['a', 'A.b_c-9', 'x'.repeat(128)])('keeps its own id %s', async (id) => {
    const response = await api.call('/health/live', { headers: { 'x-request-id': id } });
    expect(response.headers.get('x-request-id')).toBe(id);
  });

  it.each(['x'.repeat(129), 'a b', 'a/b', '<script>'])('gets a new id instead of %s', async (id) => {
    const response = await api.call('/health/live', { headers: { 'x-request-id': id } });
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/);
  });

  it('is answered with headers that keep browsers and caches away from what is private', async () => {
    const { headers } = await api.call('/v1/accounts', { as: key });
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
    });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
