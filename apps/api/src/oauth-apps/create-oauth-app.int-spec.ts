import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

const APP = { provider: 'x', name: 'X', client_id: 'the-id', client_secret: 'shh' };

let api: TestApi;
let key: string;
let workspaces = 0;

beforeAll(async () => {
  api = await openTestApi({ OAUTH_APPS_PER_WORKSPACE: '3' });
});
afterAll(() => api.close());
beforeEach(async () => {
  workspaces += 1;
  key = await api.key({ workspace: `apps-${workspaces}` });
});

const create = async (overrides: object = {}, as = key): Promise<[status: number, code: unknown]> => {
  const answer = await api.post('/v1/oauth-apps', as, { ...APP, ...overrides });
  return [answer.status, ((await answer.json()) as { code?: unknown }).code];
};
const taken = [409, 'oauth_app.exists'];
const made = [201, undefined];

describe('an OAuth app', () => {
  it('is the only one with its client id at its platform, in its environment and workspace', async () => {
    expect(await create()).toEqual(made);
    expect(await create({ name: 'again', client_secret: 'another' })).toEqual(taken);
    expect(await create({ provider: 'tiktok' })).toEqual(made);
    expect(await create({ client_id: 'THE-ID' })).toEqual(made);
    expect(await create({}, await api.key({ workspace: `apps-${workspaces}`, environment: 'live' }))).toEqual(made);
    expect(await create({}, await api.key({ workspace: 'apps-of-another' }))).toEqual(made);
  });

  it('is refused by the name of the field', async () => {
    await create();
    const answer = await api.post('/v1/oauth-apps', key, APP);
    expect(await answer.json()).toMatchObject({ status: 409, errors: [{ field: 'client_id' }] });
  });

  it('is made once by requests that come at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => create()));
    expect(answers.sort()).toEqual([made, taken, taken, taken, taken, taken]);
    expect(await (await api.call('/v1/oauth-apps', { as: key })).json()).toHaveLength(1);
  });

  it('may be made again after it was deleted', async () => {
    const { id } = (await (await api.post('/v1/oauth-apps', key, APP)).json()) as { id: string };
    await api.call(`/v1/oauth-apps/${id}`, { as: key, method: 'DELETE' });
    expect(await create()).toEqual(made);
  });

  it.each([' the-id', 'the-id\n', '\t the-id \u00a0'])(
    'is known by a client id without the space around it: %j',
    async (client_id) => {
      expect(await create({ client_id })).toEqual(made);
      expect(await (await api.call('/v1/oauth-apps', { as: key })).json()).toMatchObject([{ client_id: 'the-id' }]);
      expect(await create()).toEqual(taken);
    },
  );

  it.each([
    ['client_id', 'the\u0000id'],
    ['client_id', 'the\nid'],
    ['client_id', ' \n'],
    ['client_secret', 'a\u0007b'],
  ])('is refused with %s %j', async (field, value) => {
    const answer = await api.post('/v1/oauth-apps', key, { ...APP, [field]: value });
    expect(await answer.json()).toMatchObject({ status: 400, errors: [{ field }] });
  });

  it('cannot be given another client id later', async () => {
    const { id } = (await (await api.post('/v1/oauth-apps', key, APP)).json()) as { id: string };
    const init = {
      as: key,
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"client_id":"another"}',
    };
    expect((await api.call(`/v1/oauth-apps/${id}`, init)).status).toBe(400);
  });
});

describe('the limit of OAuth apps', () => {
  const full = [409, 'oauth_app.limit_reached'];

  it('is counted for a workspace and environment, over all platforms', async () => {
    for (const provider of ['x', 'tiktok', 'linkedin']) expect(await create({ provider })).toEqual(made);
    expect(await create({ provider: 'pinterest' })).toEqual(full);
    expect(await create({}, await api.key({ workspace: `apps-${workspaces}`, environment: 'live' }))).toEqual(made);
    const [app] = (await (await api.call('/v1/oauth-apps', { as: key })).json()) as { id: string }[];
    await api.call(`/v1/oauth-apps/${app?.id}`, { as: key, method: 'DELETE' });
    expect(await create({ provider: 'pinterest' })).toEqual(made);
  });

  it('holds for requests that come at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => create({ client_id: `id-${n}`, provider: n % 2 ? 'x' : 'tiktok' })),
    );
    expect(answers.filter(([status]) => status === 201)).toHaveLength(3);
    expect(answers.filter(([, code]) => code === 'oauth_app.limit_reached')).toHaveLength(3);
  });
});
