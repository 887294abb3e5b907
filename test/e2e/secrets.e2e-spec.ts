import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../support/backend.js';
import { redisIsHere } from '../support/redis.js';
import { SecretFlows } from '../support/secret-flows.js';
import { WatchedService } from '../support/watched-service.js';

const QUEUES = ['postgres', ...(redisIsHere ? ['redis'] : [])];
const services = new Map<string, WatchedService>();

/** Both services start and run at the same time: they wait more than they work. */
beforeAll(async () => {
  await Promise.all(QUEUES.map(async (queue) => services.set(queue, await WatchedService.launch(queue))));
  await Promise.all([...services.values()].map((service) => service.ready()));
}, 180_000);

afterAll(() => Promise.all([...services.values()].map((service) => service.close())), 60_000);

const each = <Result>(work: (service: WatchedService) => Promise<Result>): Promise<Result[]> =>
  Promise.all([...services.values()].map(work));

describe('the secrets of a service whose queue is on PostgreSQL, and of one whose queue is on Redis', () => {
  it('pass through each flow of the client, the browser, the platform, the worker and the operator', async () => {
    await each((service) => new SecretFlows(service).drive());
    for (const { recorder } of services.values()) {
      const kinds = new Set(recorder.secrets.map(({ kind }) => kind));
      expect([...kinds].sort()).toEqual(['PKCE verifier', 'access token', 'client secret', 'code', 'refresh token']);
    }
  }, 240_000);

  it.each(QUEUES)(
    'secrets are in no log, table, queue, journal, write-ahead log, answer, metric or span (%s)',
    async (queue) => {
      expect(await services.get(queue)!.leaks()).toEqual([]);
    },
    120_000,
  );

  it.each(QUEUES)(
    'secrets are found where one is planted (%s)',
    async (queue) => {
      const { backend, home, known, receiver, redis } = services.get(queue)!;
      const secret = known.find(({ kind }) => kind === 'client secret')!.value as string;
      await backend.request('GET', '/v1/accounts', { headers: { 'x-request-id': secret } });
      await writeFile(join(home, 'journal/planted'), Buffer.from(secret).toString('hex'));
      await backend.query('update workspaces set name = $1 where name = $2', [secret, 'default']);
      if (redis) await plant(redis.url, secret);
      await until(() => Promise.resolve(receiver.bytes.includes(secret)), Boolean);
      const found = await services.get(queue)!.leaks();
      const places = ['logs', 'answers', 'spans', 'table public.workspaces', 'journal planted', 'write-ahead log'];
      for (const place of [...places, ...(redis ? ['redis'] : [])])
        expect(found.filter((leak) => leak.startsWith(place))).not.toEqual([]);
    },
    120_000,
  );
});

async function plant(redisUrl: string, secret: string): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.set('planted', secret);
  redis.disconnect();
}
