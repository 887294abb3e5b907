import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';

let connected: ConnectedApi;
beforeAll(async () => {
  connected = await ConnectedApi.open();
});
afterAll(() => connected.close());

it.each([
  ['GET', 'token'],
  ['GET', 'proxy/v2/user/info/?fields=open_id'],
  ['POST', 'probe'],
  ['POST', 'refresh'],
])('An account whose tokens do not open answers 503 account.seal_broken to %s …/%s.', async (method, path) => {
  const id = await connected.connect('tiktok');
  await connected.pool.query(`update grant_tokens set sealed_access = 'broken'`);
  const calls = async (): Promise<string> => JSON.stringify((await connected.sandbox.control('GET', '/calls')).body);
  const before = await calls();
  const answer = await connected.api.call(`/v1/accounts/${id}/${path}`, { as: connected.key, method });
  expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toMatchObject([
    503,
    '60',
    { code: 'account.seal_broken' },
  ]);
  expect(await calls()).toBe(before);
  const health = await connected.get(`/v1/accounts/${id}/health`);
  expect(health.body).toMatchObject({ health: 'degraded', health_reason: 'seal_broken', recommendation: 'wait' });
});
