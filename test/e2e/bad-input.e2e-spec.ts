import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Backend, type Reply, reply } from '../support/backend.js';
import { type ServiceSession, session } from '../support/service.js';

const RETURN_URL = 'https://shop.example/settings';
let service: ServiceSession;
let backend: Backend;
let clientId: string;
/** The last call that the platforms had got when the test began: creating an app checks it at the platform. */
let since: number;

const callsOfPlatforms = async (): Promise<{ seq: number; client_id?: string; endpoint: string }[]> =>
  (await backend.control('GET', '/calls?endpoint=all')).body as { seq: number; client_id?: string; endpoint: string }[];

beforeAll(() => {
  service = session();
});

/** A customer of its own for each test, so that its rows and calls can be counted. */
beforeEach(async () => {
  backend = await Backend.ofNewCustomer(service);
  clientId = `e2e-${Math.random().toString(36).slice(2)}`;
  const app = {
    provider: 'x',
    name: 'X',
    client_id: clientId,
    client_secret: 'a-secret-of-a-test',
    allowed_return_urls: [RETURN_URL],
  };
  expect((await backend.post('/v1/oauth-apps', app)).status).toBe(201);
  since = (await callsOfPlatforms()).at(-1)?.seq ?? 0;
});

afterEach(async () => {
  expect((await backend.get('/v1/accounts')).body).toMatchObject({ items: [], total: 0 });
  expect((await backend.get('/v1/oauth-apps')).body).toHaveLength(1);
  const calls = (await callsOfPlatforms()).filter(
    (call) => call.client_id === clientId && call.endpoint !== 'authorize' && call.seq > since,
  );
  expect(calls).toEqual([]);
});

const asProblem = ({ status, headers, body: json }: Reply): object => {
  const body = json as { code: string; request_id: string; errors?: { field: string }[] };
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(headers.get('x-request-id')).toBe(body.request_id);
  return { status, code: body.code, fields: body.errors?.map(({ field }) => field) };
};
const callback = (back: string): Promise<Reply> => reply(back, { redirect: 'manual' });
const changed = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'a' ? 'b' : 'a') + text.slice(at + 1);
const consented = async (query = ''): Promise<{ back: URL; state: string }> => {
  const { authorize_url, state } = await backend.start('x', query);
  return { back: new URL(await backend.decide(authorize_url)), state };
};

/** A page of the service: no redirect, and no part of the request in it. */
function expectPage({ status, headers, body }: Reply, back: URL): void {
  expect([status, headers.get('location')]).toEqual([400, null]);
  expect(headers.get('content-type')).toMatch(/^text\/html/);
  expect(body).toContain('This link cannot be used');
  expect(body).not.toContain(back.searchParams.get('state') ?? 'no state');
}

describe('GET /v1/oauth/{provider}/callback', () => {
  it.each([
    [
      'a forged state',
      (back: URL) => {
        back.searchParams.set('state', `${'A'.repeat(43)}.${'A'.repeat(43)}`);
      },
    ],
    [
      'a state with one letter changed',
      (back: URL) => {
        back.searchParams.set('state', changed(back.searchParams.get('state')!, 5));
      },
    ],
    [
      'no state',
      (back: URL) => {
        back.searchParams.delete('state');
      },
    ],
    [
      'two states',
      (back: URL) => {
        back.searchParams.append('state', 'another');
      },
    ],
    [
      'two codes',
      (back: URL) => {
        back.searchParams.append('code', 'another');
      },
    ],
    [
      'the path of another platform',
      (back: URL) => {
        back.pathname = back.pathname.replace('/x/', '/tiktok/');
      },
    ],
    [
      'the path of no platform',
      (back: URL) => {
        back.pathname = back.pathname.replace('/x/', '/myspace/');
      },
    ],
    [
      'the path of an app that is not its own',
      (back: URL) => {
        back.pathname += '/oa_01h455vb4pex5vsknk084sn02q';
      },
    ],
    [
      'the path of no app',
      (back: URL) => {
        back.pathname += '/what-is-this';
      },
    ],
  ])('a callback with %s gets an error page, and the attempt stays pending', async (_, change) => {
    const { back, state } = await consented();
    change(back);
    expectPage(await callback(back.href), back);
    expect((await backend.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({ status: 'pending' });
  });

  it('a prefetch of the callback leaves the attempt pending', async () => {
    const { back, state } = await consented();
    for (const init of [{ method: 'HEAD' }, { headers: { 'sec-purpose': 'prefetch' } }]) {
      expect((await reply(back.href, { redirect: 'manual', ...init })).status).toBe(204);
    }
    expect((await backend.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({ status: 'pending' });
  });

  it('a callback after a denial redirects with the reason', async () => {
    const { authorize_url } = await backend.start('x', `?return_url=${encodeURIComponent(RETURN_URL)}`);
    const { status, headers } = await callback(await backend.decide(authorize_url, 'happy', 'deny'));
    expect([status, headers.get('location')]).toEqual([302, `${RETURN_URL}?oauth_error=access_denied`]);
  });

  it('a repeated callback redirects with the reason, and connects nothing again', async () => {
    const { authorize_url } = await backend.start('x', `?return_url=${encodeURIComponent(RETURN_URL)}`);
    const back = await backend.decide(authorize_url, 'happy', 'deny');
    await callback(back);
    expect((await callback(back)).headers.get('location')).toBe(`${RETURN_URL}?oauth_error=state_reused`);
    const replayed = back.replace('error=access_denied', 'code=stolen');
    expect((await callback(replayed)).headers.get('location')).toBe(`${RETURN_URL}?oauth_error=state_reused`);
  });
});

describe('GET /v1/oauth/{provider}/start', () => {
  it.each([
    'https://evil.example/settings',
    'https://shop.example/settings-not',
    'https://shop.example/settings/../other',
    'https://shop.example/settings%2f..%2fother',
    'https://shop.example@evil.example/settings',
    'https://shop.example\\@evil.example/settings',
    'http://shop.example/settings',
    'https:shop.example/settings',
    '//shop.example/settings',
    'javascript:alert(1)',
    'https://shop.example/settings#there',
  ])('a start with the return URL %s is refused', async (url) => {
    const refused = await backend.get(`/v1/oauth/x/start?return_url=${encodeURIComponent(url)}`);
    expect(asProblem(refused)).toEqual({ status: 400, code: 'return_url.not_allowed', fields: ['return_url'] });
  });

  it.each([
    ['/v1/oauth/myspace/start', { status: 400, code: 'provider.unknown', fields: ['provider'] }],
    ['/v1/oauth/tiktok/start', { status: 400, code: 'oauth_app.missing' }],
    ['/v1/oauth/x/start?oauth_app_id=oa_01h455vb4pex5vsknk084sn02q', { status: 404, code: 'oauth_app.not_found' }],
    ['/v1/oauth/x/start?project_id=nothing', { status: 400, code: 'project.not_found', fields: ['project_id'] }],
  ])('the start at %s is refused', async (path, problem) => {
    expect(asProblem(await backend.get(path))).toMatchObject(problem);
  });
});

describe('a body', () => {
  const good = { provider: 'x', name: 'X', client_id: 'another', client_secret: 'another-secret' };
  const raw = (body: string, type = 'application/json'): Promise<Reply> =>
    backend.request('POST', '/v1/oauth-apps', { body, headers: { 'content-type': type } });

  it('a body with unknown fields is refused, and the problem names them', async () => {
    const refused = await backend.post('/v1/oauth-apps', { ...good, clientsecret: 'x', admin: true });
    expect(asProblem(refused)).toEqual({ status: 400, code: 'validation.failed', fields: ['clientsecret', 'admin'] });
  });

  it('a body of a megabyte is refused', async () => {
    expect(asProblem(await raw(JSON.stringify({ ...good, name: 'a'.repeat(1_048_576) })))).toMatchObject({
      status: 413,
      code: 'body.too_large',
    });
  });

  it('a body that is no JSON is refused, and the problem repeats no secret', async () => {
    const refused = await raw('{"client_secret": "a-very-secret-thing", ');
    expect(asProblem(refused)).toMatchObject({ status: 400, code: 'body.malformed' });
    expect(JSON.stringify(refused.body)).not.toContain('a-very-secret-thing');
    expect(asProblem(await raw(JSON.stringify(good), 'text/plain'))).toMatchObject({
      status: 415,
      code: 'body.unsupported',
    });
  });
});

describe('an id', () => {
  it.each([
    'nothing',
    'acc_01h455vb4pex5vsknk084sn02q',
    'oa_01h455vb4pex5vsknk084sn02q',
    'acc_ILOU',
    '%00',
    'acc_01h455vb4pex5vsknk084sn02q%20',
    '00000000-0000-7000-8000-000000000000',
  ])('the id %s names no account in any call', async (id) => {
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/refresh'],
      ['GET', '/events'],
    ] as const) {
      expect(asProblem(await backend.request(method, `/v1/accounts/${id}${path}`))).toEqual({
        status: 404,
        code: 'account.not_found',
      });
    }
  });

  it("a broken state, or that of another customer's attempt, names no attempt", async () => {
    const { state } = await backend.start();
    const other = await Backend.ofNewCustomer(service);
    for (const answer of [
      await other.get(`/v1/oauth/attempts/${state}`),
      await backend.get(`/v1/oauth/attempts/${changed(state, 3)}`),
    ]) {
      expect(asProblem(answer)).toMatchObject({ status: 404, code: 'attempt.not_found' });
    }
  });
});

describe('a key', () => {
  it('a key with one character changed or removed, or an empty one, is refused', async () => {
    const { key } = backend;
    for (const wrong of [
      changed(key, 20),
      changed(key, key.length - 1),
      key.slice(0, -1),
      key.replace('test', 'live'),
      'nothing',
      '',
    ]) {
      const refused = await new Backend(service, wrong).get('/v1/accounts');
      expect(asProblem(refused)).toMatchObject({ status: 401, code: 'credential.invalid' });
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
      if (wrong !== '') expect(JSON.stringify(refused.body)).not.toContain(wrong);
    }
  });

  it('a key is accepted in its header only', async () => {
    const answer = await reply(`${service.apiUrl}/v1/accounts?api_key=${backend.key}&access_token=${backend.key}`, {
      headers: { cookie: `key=${backend.key}` },
    });
    expect(asProblem(answer)).toMatchObject({ status: 401 });
  });
});
