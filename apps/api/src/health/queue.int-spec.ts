import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { until } from '../../../../test/support/backend.js';
import { openTestRedis, redisIsHere, type TestRedis } from '../../../../test/support/redis.js';

interface Answer {
  status: number;
  queue: { ok: boolean; reason?: string } | undefined;
}

(redisIsHere ? describe : describe.skip)('readiness with a queue on Redis', () => {
  let api: TestApi;
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await openTestRedis();
    api = await openTestApi({ REDIS_URL: redis.url });
  });

  afterAll(async () => {
    await api.close();
    await redis.stop();
  });

  const readQueue = async (): Promise<Answer> => {
    const ready = await api.call('/health/ready');
    const { checks } = (await ready.json()) as { checks: { name: string; ok: boolean; reason?: string }[] };
    return { status: ready.status, queue: checks.find(({ name }) => name === 'queue') };
  };

  it('reports an unavailable queue, stays ready without it, and reports its return', async () => {
    await until(readQueue, ({ queue }) => queue?.ok === true);
    await redis.stop();
    const away = await until(readQueue, ({ queue }) => queue?.ok === false);
    expect(away).toMatchObject({ status: 200, queue: { reason: 'cannot be reached' } });
    expect((await api.call('/v1/accounts', { as: await api.key() })).status).toBe(200);
    await redis.start();
    expect((await until(readQueue, ({ queue }) => queue?.ok === true)).status).toBe(200);
  });
});
