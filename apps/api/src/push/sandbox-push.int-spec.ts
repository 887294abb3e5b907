import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { TestSandbox } from '../../../../test/support/sandbox.js';

let api: TestApi;
let sandbox: TestSandbox;
let key: string;
let workspaces = 0;

beforeAll(async () => {
  sandbox = await TestSandbox.start();
  api = await openTestApi({ SANDBOX_URL: sandbox.url });
});
afterAll(async () => {
  await api.close();
  await sandbox.stop();
});
beforeEach(async () => {
  await sandbox.control('DELETE', '');
  workspaces += 1;
  key = await api.key({ workspace: `sandbox-pushed-${workspaces}` });
});

const json = async <Body>(answer: Promise<Response>): Promise<Body> => (await (await answer).json()) as Body;

async function makeApp(provider: string): Promise<string> {
  const body = {
    provider,
    name: 'an app',
    client_id: 'the-app',
    client_secret: 'the-secret',
    allowed_return_urls: ['https://shop.example/'],
  };
  return (await json<{ id: string }>(api.post('/v1/oauth-apps', key, body))).id;
}

async function connect(provider: string, persona: string): Promise<string> {
  const { authorize_url, state } = await json<Record<'authorize_url' | 'state', string>>(
    api.call(`/v1/oauth/${provider}/start`, { as: key }),
  );
  const decided = await fetch(`${authorize_url}&sandbox_user=${persona}&sandbox_decision=approve`, {
    redirect: 'manual',
  });
  const back = new URL(decided.headers.get('location')!);
  await api.call(`${back.pathname}${back.search}`);
  return (await json<{ account_ids: string[] }>(api.call(`/v1/oauth/attempts/${state}`, { as: key }))).account_ids[0]!;
}

const register = (provider: string, url: string): ReturnType<TestSandbox['control']> =>
  sandbox.control('POST', '/apps', { provider, client_id: 'the-app', push_url: url });
const revoke = (provider: string, persona: string, more: object = {}): ReturnType<TestSandbox['control']> =>
  sandbox.control('POST', `/users/${persona}/revoke`, { provider, ...more });
const account = (id: string): Promise<Record<string, unknown>> => json(api.call(`/v1/accounts/${id}`, { as: key }));
const pushes = async (): Promise<{ push: string; outcome: string; status: number }[]> =>
  (await sandbox.control('GET', '/calls?endpoint=push')).body as { push: string; outcome: string; status: number }[];

/** Repeats the read until the condition holds; returns the last value after a second. */
async function within<Seen>(
  milliseconds: number,
  look: () => Promise<Seen>,
  holds: (seen: Seen) => boolean,
): Promise<Seen> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const seen = await look();
    if (holds(seen) || Date.now() > end) return seen;
    await sleep(20);
  }
}

const platforms: [provider: string, path: (oauthAppId: string) => string, persona: string][] = [
  ['x', (id) => `x/${id}`, 'happy'],
  ['tiktok', () => 'tiktok', 'happy'],
  ['instagram', (id) => `meta/${id}`, 'happy'],
  ['facebook', (id) => `meta/${id}`, 'many-pages'],
];

describe.each(platforms)('a person who removes the app at %s', (provider, path, persona) => {
  it('is noticed within a second, and gets the same account after a new consent', async () => {
    const url = `${api.url}/v1/callbacks/${path(await makeApp(provider))}`;
    const id = await connect(provider, persona);
    expect(await register(provider, url)).toMatchObject({ status: 200, body: { push_url: url } });
    expect(await revoke(provider, persona)).toMatchObject({ status: 200, body: { revoked: 1 } });
    const seen = await within(
      1_000,
      () => account(id),
      ({ health }) => health === 'needs_reauth',
    );
    expect(seen).toMatchObject({ health: 'needs_reauth', health_reason: 'deauthorized_by_user' });
    expect(await pushes()).toMatchObject([
      { push: 'revoked', outcome: 'ok', status: 200, provider, client_id: 'the-app', persona },
    ]);
    expect(await connect(provider, persona)).toBe(id);
    expect(await account(id)).toMatchObject({ health: 'active' });
  });

  it('is announced to no URL before a URL is registered', async () => {
    await makeApp(provider);
    const id = await connect(provider, persona);
    await revoke(provider, persona);
    await sleep(200);
    expect(await pushes()).toEqual([]);
    expect(await account(id)).toMatchObject({ health: 'active' });
  });
});

describe('a person who requests a deletion of data', () => {
  it('is announced after the removal, and the name is deleted', async () => {
    const url = `${api.url}/v1/callbacks/meta/${await makeApp('instagram')}`;
    const id = await connect('instagram', 'happy');
    await register('instagram', url);
    await revoke('instagram', 'happy', { delete_data: true });
    expect(
      await within(
        1_000,
        () => account(id),
        ({ handle }) => handle === null,
      ),
    ).toMatchObject({ health: 'needs_reauth', handle: null });
    expect(await within(1_000, pushes, ({ length }) => length === 2)).toMatchObject([
      { push: 'revoked' },
      { push: 'data_deletion', status: 200 },
    ]);
  });

  it('may request it long after the removal', async () => {
    const url = `${api.url}/v1/callbacks/meta/${await makeApp('instagram')}`;
    const id = await connect('instagram', 'happy');
    await register('instagram', url);
    await revoke('instagram', 'happy');
    expect(await revoke('instagram', 'happy', { delete_data: true })).toMatchObject({ body: { revoked: 0 } });
    expect(
      await within(
        1_000,
        () => account(id),
        ({ handle }) => handle === null,
      ),
    ).toMatchObject({ handle: null });
  });
});

describe('a URL for pushes', () => {
  it('is refused where the platform requires a proof and gets none', async () => {
    await makeApp('x');
    await connect('x', 'happy');
    const wrong = await register('x', `${api.url}/v1/callbacks/x/oa_01h455vb4pex5vsknk084sn02s`);
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ field: 'push_url' }] } });
    expect((await sandbox.control('GET', '/apps')).body).toEqual([
      expect.not.objectContaining({ push_url: expect.anything() }),
    ]);
  });

  it('is unknown at a platform without pushes', async () => {
    expect(await register('linkedin', `${api.url}/push`)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'push_url' }] },
    });
  });

  it('is called again after a failure, a few times', async () => {
    let calls = 0;
    const server: Server = createServer((_request, response) => {
      calls += 1;
      response.writeHead(calls < 2 ? 503 : 200).end();
    }).listen(0, '127.0.0.1');
    try {
      await makeApp('tiktok');
      await connect('tiktok', 'happy');
      await register('tiktok', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await revoke('tiktok', 'happy');
      const seen = await within(3_000, pushes, ({ length }) => length === 2);
      expect(seen).toMatchObject([
        { outcome: 'not_taken', status: 503 },
        { outcome: 'ok', status: 200 },
      ]);
    } finally {
      server.close();
    }
  });
});
