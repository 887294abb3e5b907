import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { Backend, type Reply, until } from '../support/backend.js';
import { session } from '../support/service.js';

const REVOKED = { status: 401, serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN', message: 'x' };
let backend: Backend;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  for (const provider of ['linkedin', 'facebook']) {
    const app = {
      provider,
      name: provider,
      client_id: `${provider}-fresh`,
      client_secret: 'shh-secret',
      is_default: true,
    };
    expect(await backend.post('/v1/oauth-apps', app)).toMatchObject({ status: 201 });
  }
});
afterEach(() => backend.control('DELETE', '/faults'));

const fault = (plan: object): Promise<Reply> => backend.control('POST', '/faults', plan);
const calls = async (provider: string, endpoint: string): Promise<object[]> => {
  const { body } = await backend.control('GET', `/calls?provider=${provider}&endpoint=${endpoint}`);
  return (body as { client_id?: string }[]).filter(
    ({ client_id: id }) => id === undefined || id === `${provider}-fresh`,
  );
};

it('a token that its own platform refuses when it is fresh is checked again while the browser waits, and connected', async () => {
  await fault({ provider: 'linkedin', endpoint: 'identity', times: 1, status: 401, body: REVOKED });
  const before = (await calls('linkedin', 'identity')).length;
  expect(await backend.connect('linkedin')).toMatchObject({ health: 'active' });
  expect((await calls('linkedin', 'identity')).length - before).toBe(2);
});

it('an empty list of Pages at a refresh changes no account: the worker probes each Page', async () => {
  const page = await backend.connect('facebook', 'many-pages');
  await backend.pass(100);
  await fault({ provider: 'facebook', endpoint: 'profiles', times: 1, status: 200, body: { data: [] } });
  const before = (await calls('facebook', 'probe')).length;
  await backend.post(`/v1/accounts/${page.id}/refresh`);
  await until(
    () => calls('facebook', 'probe'),
    (all) => all.length >= before + 2,
    60,
  );
  const { body } = await backend.get('/v1/accounts?provider=facebook');
  expect((body as { items: object[] }).items).toMatchObject([{ health: 'active' }, { health: 'active' }]);
  expect((await backend.get(`/v1/accounts/${page.id}/health`)).body).toMatchObject({ health: 'active' });
});
