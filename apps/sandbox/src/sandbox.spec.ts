import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { get as httpGet } from 'node:http';
import { gzipSync } from 'node:zlib';
import { PUBLISH_STEPS, sandboxes } from '#providers/sandbox';
import { TestSandbox } from '../../../test/support/sandbox.js';
import { isLocalName, isLoopback } from './control/mount-control.js';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const provider = sandboxes[0]!.name;

describe.each(sandboxes)('the imitation of $title', (definition) => {
  it('serves every endpoint under the host and path of the real one', async () => {
    for (const { url, method } of [{ url: definition.authorize.url, method: 'GET' }, ...definition.endpoints]) {
      expect((await sandbox.call(url, { method })).status).not.toBe(404);
    }
  });

  it('fails at every configured endpoint, and only there', async () => {
    for (const { url, method, endpoint } of definition.endpoints) {
      const planned = await sandbox.control('POST', '/faults', {
        provider: definition.name,
        endpoint,
        status: 502,
        body: 'down',
      });
      expect(planned).toMatchObject({ status: 201, body: { times: 1, left: 1 } });
      expect(await sandbox.call(url, { method })).toMatchObject({ status: 502, body: 'down' });
      expect((await sandbox.call(url, { method })).status).not.toBe(502);
    }
  });

  it('shows mistakes of an app on a page that lets nothing from outside in', async () => {
    const { status, headers } = await sandbox.call(definition.authorize.url);
    expect(status).toBe(400);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('the control API', () => {
  it('lists the personas with their stories and platforms', async () => {
    const { body } = await sandbox.control('GET', '/personas');
    expect(body).toContainEqual({
      persona: 'happy',
      display_name: 'Hanna Happy',
      handle: 'hanna_happy',
      story: 'Consents, and everything works.',
      providers: sandboxes.map(({ name }) => name),
    });
  });

  it('accepts this machine by its addresses, and no other', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['10.0.0.1', '172.17.0.1', '::ffff:10.0.0.1', 'fe80::1', ''].map(isLoopback)).toEqual(Array(5).fill(false));
  });

  it.each([
    ['an unknown provider', '/faults', { provider: 'nope', endpoint: 'token', status: 500 }, 'provider'],
    ['an unknown field', '/faults', { provider, endpoint: 'token', status: 500, colour: 'red' }, 'colour'],
    ['a fault that does nothing', '/faults', { provider, endpoint: 'token' }, 'status'],
    ['a body without a status', '/faults', { provider, endpoint: 'token', delay_ms: 1, body: 'x' }, 'body'],
    ['a moment without a status', '/faults', { provider, endpoint: 'token', drop: true, when: 'after' }, 'when'],
    [
      'bytes without a status',
      '/faults',
      { provider, endpoint: 'token', delay_ms: 1, body_base64: 'AA==' },
      'body_base64',
    ],
    [
      'bytes beside a body',
      '/faults',
      { provider, endpoint: 'token', status: 200, body: 'x', body_base64: 'AA==' },
      'body_base64',
    ],
    [
      'bytes that are no base64',
      '/faults',
      { provider, endpoint: 'token', status: 200, body_base64: '%' },
      'body_base64',
    ],
    [
      'a header that would break the answer',
      '/faults',
      { provider, endpoint: 'token', status: 500, headers: { a: 'b\r\nc: d' } },
      'headers.a',
    ],
    ['a clock turned back', '/clock', { advance_seconds: -1 }, 'advance_seconds'],
    ['a life of no length', '/apps', { provider, client_id: 'a', access_ttl_seconds: 0 }, 'access_ttl_seconds'],
    ['no body', '/users/happy/revoke', {}, 'provider'],
  ])('refuses %s and names the field', async (_what, path, body, field) => {
    const answer = await sandbox.control('POST', path, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({
      title: 'Bad Request',
      status: 400,
      errors: [{ field, message: expect.any(String) }],
    });
  });

  it.each([
    ['a page of another site whose name leads to this machine', { host: 'rebound.example:3100' }],
    ['a script of another site', { origin: 'https://attacker.example' }],
    ['a page without an origin', { origin: 'null' }],
  ])('refuses %s, whatever the address of the caller', async (_what, headers: Record<string, string>) => {
    const { running } = sandbox as unknown as { running: { port: number } };
    const status = await new Promise<number | undefined>((settle, fail) => {
      httpGet({ host: '127.0.0.1', port: running.port, path: '/_control/calls', headers }, (answer) => {
        answer.resume();
        settle(answer.statusCode);
      }).on('error', fail);
    });
    expect(status).toBe(403);
  });

  it('accepts the names of this machine', () => {
    expect(
      [
        'http://localhost:3100',
        'http://LOCALHOST.',
        'http://sandbox.localhost',
        'http://127.0.0.1:1',
        'http://[::1]:3100',
      ].map(isLocalName),
    ).toEqual(Array(5).fill(true));
    expect(
      ['http://localhost.example', 'http://notlocalhost', 'http://10.0.0.1', 'http://', 'null'].map(isLocalName),
    ).toEqual(Array(5).fill(false));
  });

  it('refuses broken JSON, a form and a wrong query as problems too', async () => {
    const broken = { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } };
    expect(await sandbox.fetch('/_control/clock', broken)).toMatchObject({
      status: 400,
      body: { title: 'Bad Request' },
    });
    const form = { method: 'POST', body: new URLSearchParams({ advance_seconds: '1' }) };
    expect(await sandbox.fetch('/_control/clock', form)).toMatchObject({ status: 415 });
    expect(await sandbox.control('GET', '/calls?since=yesterday')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'since' }] },
    });
  });

  it('reports that a persona does not exist', async () => {
    expect(await sandbox.control('POST', '/users/unknown/revoke', { provider })).toMatchObject({
      status: 404,
      body: { errors: [{ field: 'persona' }] },
    });
  });

  it('sends the answer of a call or of a fault byte by byte', async () => {
    const send = async (): Promise<[number, string]> => {
      const begin = performance.now();
      const { status, body } = await sandbox.call('https://api.x.com/2/oauth2/token', { method: 'POST' });
      expect(performance.now() - begin).toBeGreaterThan(100);
      return [status, JSON.stringify(body)];
    };
    const drip = { provider: 'x', endpoint: 'token', drip_ms: 5 };
    const body = { error: 'x'.repeat(30) };
    expect((await sandbox.control('POST', '/faults', { ...drip, status: 200, body })).body).toMatchObject({
      drip_ms: 5,
    });
    expect(await send()).toEqual([200, JSON.stringify(body)]);
    await sandbox.control('POST', '/faults', drip);
    const [status, refusal] = await send();
    expect([status, refusal]).toEqual([400, expect.stringContaining('grant_type')]);
    expect((await sandbox.control('GET', '/calls?provider=x&endpoint=token')).body).toMatchObject([
      { outcome: 'fault', drip_ms: 5 },
      { drip_ms: 5 },
    ]);
  });

  it('answers a call with the bytes and headers of a fault', async () => {
    const bytes = gzipSync('{"a":1}');
    const fault = {
      provider: 'x',
      endpoint: 'identity',
      status: 203,
      body_base64: bytes.toString('base64'),
      headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'text/html' },
    };
    expect((await sandbox.control('POST', '/faults', fault)).body).toMatchObject({
      body_base64: fault.body_base64,
      left: 1,
    });
    const answer = await sandbox.call('https://api.x.com/2/users/me');
    expect(answer).toMatchObject({ status: 203, body: '{"a":1}' });
    expect([answer.headers.get('content-encoding'), answer.headers.get('content-type')]).toEqual(['gzip', 'text/html']);
  });

  it('plans an answer of 3 MB, and refuses one that is larger than declared, as a problem', async () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'a');
    const fault = { provider: 'x', endpoint: 'identity', status: 200, body_base64: bytes.toString('base64') };
    expect((await sandbox.control('POST', '/faults', fault)).status).toBe(201);
    expect(((await sandbox.call('https://api.x.com/2/users/me')).body as string).length).toBe(bytes.length);
    const larger = { ...fault, body_base64: Buffer.alloc(4 * 1024 * 1024).toString('base64') };
    expect(await sandbox.control('POST', '/faults', larger)).toMatchObject({ status: 413, body: { status: 413 } });
  });

  it.each(sandboxes)(
    'refuses a fault at an endpoint that $title does not have, and lists those that it has',
    async (definition) => {
      const steps = PUBLISH_STEPS.filter((step) => definition.publishing?.endpoints.some((one) => one.step === step));
      const own: string[] = ['authorize', ...new Set(definition.endpoints.map(({ endpoint }) => endpoint)), ...steps];
      const all = ['authorize', 'token', 'revoke', 'identity', 'profiles', 'probe', ...PUBLISH_STEPS];
      for (const endpoint of all.filter((one) => !own.includes(one))) {
        const answer = await sandbox.control('POST', '/faults', { provider: definition.name, endpoint, status: 500 });
        const message = `${definition.name} has no endpoint ${endpoint}; it has ${own.join(', ')}`;
        expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'endpoint', message }] } });
      }
      expect((await sandbox.control('GET', '/faults')).body).toEqual([]);
    },
  );

  it('keeps what was set for an app when something else is set', async () => {
    await sandbox.control('POST', '/apps', {
      provider,
      client_id: 'a',
      access_ttl_seconds: 60,
      redirect_uris: ['http://localhost:1/a'],
    });
    await sandbox.control('POST', '/apps', { provider, client_id: 'a', grace_seconds: 5 });
    await sandbox.restart();
    expect((await sandbox.control('GET', '/apps')).body).toEqual([
      {
        provider,
        client_id: 'a',
        redirect_uris: ['http://localhost:1/a'],
        has_secret: false,
        access_ttl_seconds: 60,
        grace_seconds: 5,
      },
    ]);
  });
});

describe('the pages', () => {
  it('list at the root what the sandbox offers', async () => {
    const { body } = await sandbox.fetch('/');
    for (const { title } of sandboxes) expect(body).toContain(title);
  });

  it('serves a picture of every persona', async () => {
    const { body } = await sandbox.control('GET', '/personas');
    for (const { persona } of body as { persona: string }[]) {
      const picture = await sandbox.fetch(`/_avatars/${persona}.svg`);
      expect(picture.headers.get('content-type')).toContain('image/svg+xml');
    }
    expect(await sandbox.fetch('/_avatars/unknown.svg')).toMatchObject({ status: 404 });
  });
});
