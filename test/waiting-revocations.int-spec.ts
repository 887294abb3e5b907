import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { queueRevocation } from '../libs/tokens/src/grants/queue-revocation.js';
import { Secret } from '#observability';
import { transaction } from '#persistence';
import { Flow } from './support/flow.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(async () => {
  // It would wait for the requests that hang.
  await flow.exchanger.end('SIGKILL');
  await flow.close();
});

/** More than the exchanger sends to all platforms at once. */
const WAITING = 320;
const HANGS_FOR_MS = 19_000;

async function queue(provider: string, oauthAppId: string, count: number): Promise<void> {
  const context = flow.context();
  const life = { expiresIn: null, refreshExpiresIn: null, scopes: null };
  await transaction(flow.pool, async (tx) => {
    for (let n = 0; n < count; n += 1) {
      const tokens = { accessToken: new Secret(`a${n}`), refreshToken: new Secret(`r${n}`), ...life };
      await queueRevocation(context, tx, { ...flow.tenant, provider, oauthAppId, platformUserId: `p${n}`, tokens });
    }
  });
}

/** Revocations that the platform has not answered; it refuses the others, whose tokens it never issued. */
const left = async (provider: string): Promise<number> =>
  (
    await flow.one<{ count: number }>(
      'select count(*)::int as count from pending_revocations where provider = $1 and last_outcome is null',
      [provider],
    )
  ).count;

it('Many waiting revocations at a platform that hangs delay none of another platform.', async () => {
  await flow.begin();
  const [hanging, other] = [await flow.app('facebook'), await flow.app('tiktok')];
  await flow.fault({ provider: 'facebook', endpoint: 'revoke', times: 1_000, delay_ms: HANGS_FOR_MS, status: 503 });
  await flow.exchanger.end('SIGKILL');
  await queue('facebook', hanging, WAITING);
  await queue('tiktok', other, 1);
  await flow.exchanger.run();
  const end = Date.now() + HANGS_FOR_MS;
  while ((await left('tiktok')) > 0 && Date.now() < end) await pause(100);
  expect([await left('tiktok'), await left('facebook')]).toEqual([0, WAITING]);
  const { tried } = await flow.one<{ tried: number }>(
    `select count(*)::int as tried from pending_revocations where provider = 'facebook' and tries > 0`,
  );
  expect(tried).toBeLessThanOrEqual(20);
  await flow.sandbox.control('DELETE', '/faults');
}, 60_000);
