import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digest, newApiKey } from '#crypto';
import { newId } from '#persistence';
import { Flow } from '../../../../test/support/flow.js';
import { FindApiKey } from './find-api-key.js';
import { RevokeApiKey } from './revoke-api-key.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
  await flow.begin();
});
afterAll(() => flow.close());

async function makeKey(): Promise<{ id: string; key: string }> {
  const key = newApiKey('dra', 'test').reveal();
  const id = newId();
  await flow.pool.query(
    `insert into api_keys (id, workspace_id, environment, name, key_hash, key_prefix, scopes)
     values ($1, $2, 'test', 'a key', $3, 'dra_test_0000', '{accounts:read}')`,
    [id, flow.tenant.workspaceId, digest(key)],
  );
  return { id, key };
}

const lastUse = async (id: string): Promise<Date | null> =>
  (await flow.one<{ at: Date | null }>('select last_used_at as at from api_keys where id = $1', [id])).at;

/** The write of a use follows its request. */
async function recordedUse(id: string, after: Date | null): Promise<Date | null> {
  for (let rounds = 0; rounds < 200; rounds += 1) {
    const at = await lastUse(id);
    if (at?.getTime() !== after?.getTime()) return at;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  throw new Error('no use was recorded');
}

describe('the last use of a key', () => {
  it('is recorded at most once a minute, over all processes', async () => {
    const { id, key } = await makeKey();
    await flow.get(FindApiKey).execute(key);
    const first = await recordedUse(id, null);
    await flow.pass(59);
    for (const process of [0, 1]) await flow.get(FindApiKey, process).execute(key);
    expect(await lastUse(id)).toEqual(first);
    await flow.pass(2);
    await flow.get(FindApiKey, 1).execute(key);
    expect((await recordedUse(id, first))!.getTime()).toBeGreaterThan(first!.getTime() + 60_000);
  });

  it('keeps no request waiting while the row is locked, however many requests there are, and is recorded later', async () => {
    const { id, key } = await makeKey();
    const locking = await flow.pool.connect();
    await locking.query('begin');
    await locking.query('select 1 from api_keys where id = $1 for update', [id]);
    const { max } = flow.pool.options;
    for (let request = 0; request < 3 * max; request += 1)
      expect(await flow.get(FindApiKey).execute(key)).toMatchObject({ id });
    await locking.query('commit');
    locking.release();
    await flow.get(FindApiKey).execute(key);
    expect(await recordedUse(id, null)).toBeInstanceOf(Date);
  });
});

describe('a revoked key', () => {
  it('is unknown to the next request in every process', async () => {
    const { id, key } = await makeKey();
    const found = (): Promise<boolean[]> =>
      Promise.all([0, 1].map(async (process) => (await flow.get(FindApiKey, process).execute(key)) !== undefined));
    expect(await found()).toEqual([true, true]);
    await flow.get(RevokeApiKey, 0).execute(flow.tenant, id);
    expect(await found()).toEqual([false, false]);
  });
});
