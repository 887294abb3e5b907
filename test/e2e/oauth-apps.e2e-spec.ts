import { beforeAll, describe, expect, it } from '@jest/globals';
import { Backend, type Reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface App {
  id: string;
  client_id: string;
  is_default: boolean;
  status: string;
  scopes: string[];
}

const FIELDS = [
  ...['id', 'provider', 'name', 'client_id', 'redirect_uri', 'scopes', 'allowed_return_urls', 'completion'],
  ...['is_default', 'status', 'status_reason', 'paused_until', 'created_at'],
];
const SECRET = 'the-secret-of-this-app';
const ID = 'oa_01h455vb4pex5vsknk084sn02q';

let backend: Backend;
let count = 0;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
});

const post = (fields: object = {}): Promise<Reply> =>
  backend.post('/v1/oauth-apps', {
    ...{ provider: 'x', name: 'An app', client_id: `apps-${process.pid}-${(count += 1)}`, client_secret: SECRET },
    ...fields,
  });
const make = async (fields: object = {}): Promise<App> => (await post(fields)).body as App;
const read = async (id: string): Promise<App> => (await backend.get(`/v1/oauth-apps/${id}`)).body as App;
const refused = ({ status, body }: Reply): [number, string, string | undefined] => {
  const { code, errors } = body as { code: string; errors?: [{ field: string }] };
  return [status, code, errors?.[0].field];
};

describe('POST /v1/oauth-apps', () => {
  it('answers 201 with every field of an app and what the doctor found, and never with the secret', async () => {
    const { status, body } = await post({
      name: ' Ours ',
      client_id: ' trimmed ',
      allowed_return_urls: ['https://a.example/b'],
    });
    expect(status).toBe(201);
    expect(Object.keys(body as object).sort()).toEqual([...FIELDS, 'check'].sort());
    expect(body).toMatchObject({
      ...{ id: expect.stringMatching(/^oa_[0-9a-z]{26}$/), provider: 'x', name: 'Ours', client_id: 'trimmed' },
      ...{ redirect_uri: `${session().apiUrl}/v1/oauth/x/callback`, allowed_return_urls: ['https://a.example/b'] },
      ...{ completion: 'immediate', status: 'active', status_reason: null, paused_until: null },
      scopes: expect.arrayContaining(['tweet.read', 'tweet.write', 'users.read', 'offline.access']),
      check: { status: 'ok', checks: expect.any(Array), register: expect.any(Array) },
    });
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  it('makes the first app of a platform its default, and is_default moves it', async () => {
    const first = await make({ provider: 'tiktok' });
    const second = await make({ provider: 'tiktok' });
    expect([first.is_default, second.is_default]).toEqual([true, false]);
    const third = await make({ provider: 'tiktok', is_default: true });
    expect(await Promise.all([first, second, third].map(async ({ id }) => (await read(id)).is_default))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('takes platform for provider, and ends redirect_uri in the id of the app with redirect_uri_style app', async () => {
    const { body } = await post({ provider: undefined, platform: 'pinterest', redirect_uri_style: 'app' });
    const { id, redirect_uri } = body as { id: string; redirect_uri: string };
    expect(redirect_uri).toBe(`${session().apiUrl}/v1/oauth/pinterest/callback/${id}`);
  });

  it('answers 409 oauth_app.exists where the same provider and client id are there', async () => {
    const { client_id } = await make();
    expect(refused(await post({ client_id }))).toEqual([409, 'oauth_app.exists', 'client_id']);
  });

  it('makes an app that the platform refuses misconfigured', async () => {
    expect(await make({ client_id: `unknown-${process.pid}` })).toMatchObject({
      status: 'misconfigured',
      check: { status: 'failed' },
    });
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'n'.repeat(121) }],
    ['client_id', { client_id: ' ' }],
    ['client_secret', { client_secret: 'a\u0000b' }],
    ['client_secret', { client_secret: 'a\nb' }],
    ['provider', { provider: 'myspace' }],
    ['completion', { completion: 'later' }],
    ['redirect_uri_style', { redirect_uri_style: 'own' }],
    ['allowed_return_urls', { allowed_return_urls: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) }],
    ['allowed_return_urls.0', { allowed_return_urls: ['http://a.example/'] }],
    ['allowed_return_urls.0', { allowed_return_urls: ['https://a.example/?b=c'] }],
    ['owner', { owner: 'us' }],
  ])('answers 400 and names %s', async (field, fields) => {
    const problem = refused(await post(fields));
    expect([problem[0], problem[2]]).toEqual([400, field]);
  });
});

describe('POST /v1/oauth-apps/{id}/check', () => {
  it("answers 200 with the platform's check of id and secret, and what its owner registers", async () => {
    const { id } = await make();
    const { status, body } = await backend.post(`/v1/oauth-apps/${id}/check`);
    expect([status, body]).toMatchObject([
      200,
      {
        status: 'ok',
        checks: [{ name: 'credentials', status: 'ok' }, { name: 'scopes' }],
        register: expect.arrayContaining([
          { what: 'redirect_uri', value: `${session().apiUrl}/v1/oauth/x/callback`, where: expect.any(String) },
        ]),
      },
    ]);
  });

  it('marks an app misconfigured whose secret the platform refuses by now, and 404 is for an unknown app', async () => {
    const { id, client_id } = await make();
    await backend.control('POST', '/apps', { provider: 'x', client_id, client_secret: 'another' });
    expect((await backend.post(`/v1/oauth-apps/${id}/check`)).body).toMatchObject({ status: 'failed' });
    expect(await read(id)).toMatchObject({ status: 'misconfigured', status_reason: expect.any(String) });
    expect(refused(await backend.post(`/v1/oauth-apps/${ID}/check`)).slice(0, 2)).toEqual([404, 'oauth_app.not_found']);
  });
});

describe('GET /v1/oauth-apps', () => {
  it('answers 200 with a bare array, narrowed by provider or platform', async () => {
    const { status, body } = await backend.get('/v1/oauth-apps?provider=tiktok');
    expect([status, (body as App[]).length]).toEqual([200, 3]);
    expect((await backend.get('/v1/oauth-apps?platform=tiktok')).body).toEqual(body);
    expect(Object.keys((body as [App])[0]).sort()).toEqual([...FIELDS].sort());
    const all = (await backend.get('/v1/oauth-apps')).body as App[];
    expect(all.length).toBeGreaterThan(5);
    expect(refused(await backend.get('/v1/oauth-apps?provider=myspace'))).toEqual([
      400,
      'validation.failed',
      'provider',
    ]);
  });
});

describe('GET /v1/oauth-apps/{id}', () => {
  it("answers 200 with the app; 404 for an unknown one and another customer's", async () => {
    const app = await make();
    const { status, body } = await backend.get(`/v1/oauth-apps/${app.id}`);
    expect([status, { ...(body as object), check: 0 }]).toEqual([200, { ...app, check: 0 }]);
    const other = await Backend.ofNewCustomer(session());
    for (const answer of [await backend.get(`/v1/oauth-apps/${ID}`), await other.get(`/v1/oauth-apps/${app.id}`)])
      expect(refused(answer).slice(0, 2)).toEqual([404, 'oauth_app.not_found']);
  });
});

describe('PATCH /v1/oauth-apps/{id}', () => {
  it.each([
    ['name', 'Another'],
    ['allowed_return_urls', ['https://b.example/']],
    ['scopes', ['users.read']],
    ['is_default', true],
    ['completion', 'confirm'],
  ])('stores %s, which the next read has, and changes nothing else', async (field, value) => {
    const app = await read((await make()).id);
    const { status, body } = await backend.patch(`/v1/oauth-apps/${app.id}`, { [field]: value });
    expect([status, body]).toEqual([200, { ...app, [field]: value }]);
    expect(await read(app.id)).toEqual({ ...app, [field]: value });
  });

  it('rotates client_secret: the platform gets the new one', async () => {
    const { id, client_id } = await make();
    await backend.control('POST', '/apps', { provider: 'x', client_id, client_secret: 'the-new-secret' });
    const { status, body } = await backend.patch(`/v1/oauth-apps/${id}`, { client_secret: ' the-new-secret ' });
    expect([status, JSON.stringify(body).includes('new-secret')]).toEqual([200, false]);
    expect((await backend.post(`/v1/oauth-apps/${id}/check`)).body).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['client_id', { client_id: 'other' }],
    ['is_default', { is_default: false }],
    ['client_secret', { client_secret: '' }],
  ])('answers 400 and names %s', async (field, body) => {
    const { id } = await make();
    expect(refused(await backend.patch(`/v1/oauth-apps/${id}`, body))).toEqual([400, 'validation.failed', field]);
  });

  it('answers 404 for an unknown app', async () => {
    expect(refused(await backend.patch(`/v1/oauth-apps/${ID}`, { name: 'x' }))[1]).toBe('oauth_app.not_found');
  });
});

describe('DELETE /v1/oauth-apps/{id}', () => {
  it('answers 204, and 404 the second time', async () => {
    const { id } = await make();
    expect((await backend.delete(`/v1/oauth-apps/${id}`)).status).toBe(204);
    expect(refused(await backend.delete(`/v1/oauth-apps/${id}`))[1]).toBe('oauth_app.not_found');
  });

  it('answers 409 oauth_app.in_use with connected accounts, and with force=true they can be refreshed no more', async () => {
    const { id } = await make({ provider: 'linkedin' });
    const account = await backend.connect('linkedin', 'paula');
    expect(refused(await backend.delete(`/v1/oauth-apps/${id}`))).toEqual([409, 'oauth_app.in_use', undefined]);
    expect(refused(await backend.delete(`/v1/oauth-apps/${id}?force=yes`))).toEqual([
      400,
      'validation.failed',
      'force',
    ]);
    expect((await backend.delete(`/v1/oauth-apps/${id}?force=true`)).status).toBe(204);
    expect(await backend.account(account.id)).toMatchObject({ oauth_app_id: null });
    await backend.pass(61);
    expect(refused(await backend.post(`/v1/accounts/${account.id}/refresh`))[1]).toBe('account.not_refreshable');
    await backend.delete(`/v1/accounts/${account.id}`);
  });
});
