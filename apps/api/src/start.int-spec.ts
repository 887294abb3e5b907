import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../test/support/api.js';

const KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const OTHER_KEYS = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ MASTER_KEYS: KEYS });
  await api.post('/v1/oauth-apps', await api.key(), {
    provider: 'x',
    name: 'X',
    client_id: 'abc',
    client_secret: 'shh',
  });
});

afterAll(() => api.close());

it('the API does not start with keys that cannot open what is sealed, and names the one it lacks', async () => {
  const started = openTestApi({ DATABASE_URL: api.database.url, MASTER_KEYS: OTHER_KEYS });
  await expect(started).rejects.toThrow(/MASTER_KEYS lacks a key that is in use: "k1" \(sealed rows: 1\)/);
});

it('the API starts with the key in use behind a new one', async () => {
  const again = await openTestApi({ DATABASE_URL: api.database.url, MASTER_KEYS: `${OTHER_KEYS},${KEYS}` });
  expect((await again.call('/health/live')).status).toBe(200);
  await again.close();
});
