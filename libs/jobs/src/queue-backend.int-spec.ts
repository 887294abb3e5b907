import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { seconds } from '#config';
import { createLogger, Secret } from '#observability';
import { queueStores, type TestStore } from '../../../test/support/queue-stores.js';
import { defineJob, migrateQueue, openQueueBackend, type QueueBackend, type TakenJob } from './index.js';

const greet = defineJob({
  name: 'test.greet',
  payload: z.object({ personId: z.string() }),
  attempts: 2,
  identity: (p) => p.personId,
});
const sort = defineJob({
  name: 'test.sort',
  payload: z.object({ letterId: z.string() }),
  attempts: 1,
  isBackground: true,
  identity: (p) => p.letterId,
});
const tick = defineJob({ name: 'test.tick', payload: z.object({}), attempts: 1 });
const logger = createLogger({ app: 'test', level: 'silent' });

describe.each(queueStores)('the queue on $kind', (place) => {
  const { kind, here } = place;
  const promise = here ? it : it.skip;
  let store: TestStore;
  let backend: QueueBackend;
  const settings = () => ({
    databaseUrl: new Secret(store.urls.databaseUrl),
    redisUrl: store.urls.redisUrl === undefined ? undefined : new Secret(store.urls.redisUrl),
    logger,
  });

  beforeEach(async () => {
    if (!here) return;
    store = await place.open();
    await migrateQueue(settings());
    backend = openQueueBackend(settings());
  });
  afterEach(async () => {
    if (!here) return;
    await backend.close(seconds(2));
    await store.close();
  });

  /** Works until the backend closes, and records each job. */
  async function work(run: (job: TakenJob) => Promise<void> = () => Promise.resolve()): Promise<TakenJob[]> {
    const jobs: TakenJob[] = [];
    await backend.work({
      concurrency: 5,
      stalledAfter: 1_500,
      run: (job) => {
        jobs.push(job);
        return run(job);
      },
    });
    return jobs;
  }

  promise('reports its kind, and answers', async () => {
    expect(backend.kind).toBe(kind);
    await expect(backend.waitUntilReady(seconds(5))).resolves.toBeUndefined();
  });

  promise('delivers a job with its name and payload', async () => {
    await backend.queue().enqueue(greet, { personId: 'ann' });
    const jobs = await work();
    await eventually(() => {
      expect(jobs).toEqual([
        { id: 'test.greet-ann', name: 'test.greet', payload: { personId: 'ann' }, attempt: 1, scheduled: false },
      ]);
    });
  });

  promise('starts background work after all other jobs, and counts it as waiting', async () => {
    const letters = Array.from({ length: 10 }, (_, place) => ({ letterId: `l${place}` }));
    await backend.queue().enqueueAll(sort, letters);
    await backend.queue().enqueue(greet, { personId: 'ann' });
    expect(await backend.queue().counts()).toEqual({ waiting: 11, active: 0, delayed: 0 });
    const jobs = await work();
    await eventually(() => {
      expect(jobs).toHaveLength(11);
    });
    expect(jobs[0]?.name).toBe('test.greet');
  });

  promise('adds nothing while a job of the same identity waits', async () => {
    await backend.queue().enqueue(greet, { personId: 'ann' });
    await backend.queue().enqueueAll(greet, [{ personId: 'ann' }, { personId: 'bob' }, { personId: 'bob' }]);
    expect(await backend.queue().counts()).toEqual({ waiting: 2, active: 0, delayed: 0 });
    const jobs = await work();
    await eventually(() => {
      expect(jobs).toHaveLength(2);
    });
  });

  promise(
    'adds nothing while a job of the same identity runs, and accepts it again once that is finished',
    async () => {
      const gate = openLater();
      const jobs = await work(() => gate.promise);
      await backend.queue().enqueue(greet, { personId: 'ann' });
      await eventually(() => {
        expect(jobs).toHaveLength(1);
      });
      await backend.queue().enqueue(greet, { personId: 'ann' });
      expect(await backend.queue().counts()).toEqual({ waiting: 0, active: 1, delayed: 0 });
      gate.resolve();
      await eventually(async () => {
        expect(await backend.queue().counts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
      });
      await backend.queue().enqueue(greet, { personId: 'ann' });
      await eventually(() => {
        expect(jobs).toHaveLength(2);
      });
    },
  );

  promise('repeats a failed job up to the attempts of its contract, and accepts it again after that', async () => {
    const jobs = await work(() => Promise.reject(new Error('no')));
    await backend.queue().enqueue(greet, { personId: 'cat' });
    await eventually(() => {
      expect(jobs.map((job) => job.attempt)).toEqual([1, 2]);
    });
    await eventually(async () => {
      expect(await backend.queue().counts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
    });
    await backend.queue().enqueue(greet, { personId: 'cat' });
    await eventually(() => {
      expect(jobs.map((job) => job.attempt)).toEqual([1, 2, 1]);
    });
  });

  promise('refuses a payload that breaks the contract', async () => {
    const wrong = { personId: 'ann', token: 'x' };
    await expect(backend.queue().enqueue(greet, wrong)).rejects.toMatchObject({ code: 'job.payload_invalid' });
    await expect(backend.queue().enqueueAll(greet, [{ personId: 'bob' }, {} as { personId: string }])).rejects.toThrow(
      'personId invalid_type',
    );
    expect(await backend.queue().counts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
  });

  promise('runs a schedule once for all processes that set it, at its interval', async () => {
    const jobs = await work();
    const since = Date.now();
    for (let round = 0; round < 6; round += 1) {
      await backend.queue().schedule(tick, 400);
      await sleep(200);
    }
    await eventually(() => {
      expect(jobs.length).toBeGreaterThanOrEqual(3);
    });
    expect(jobs.length).toBeLessThanOrEqual((Date.now() - since) / 400 + 2);
  });

  promise('deletes a schedule that is not in the list', async () => {
    await backend.queue().schedule(tick, 300);
    await backend.queue().keepSchedules(['test.other']);
    const jobs = await work();
    await sleep(1_000);
    expect(jobs.length).toBeLessThanOrEqual(1);
  });

  promise('gives the job of a killed worker to another worker', async () => {
    await backend.queue().enqueue(greet, { personId: 'dan' });
    await takeJobAndStop(store);
    const jobs = await work();
    await eventually(() => {
      expect(jobs).toMatchObject([{ id: 'test.greet-dan' }]);
    }, seconds(15));
  });

  promise('waits for running jobs before it closes, and refuses requests after that', async () => {
    let ended = false;
    const jobs = await work(async () => {
      await sleep(500);
      ended = true;
    });
    await backend.queue().enqueue(greet, { personId: 'eve' });
    await eventually(() => {
      expect(jobs).toHaveLength(1);
    });
    await backend.close(seconds(5));
    expect(ended).toBe(true);
    await expect(backend.queue().enqueue(greet, { personId: 'eve' })).rejects.toMatchObject({
      code: 'queue.unavailable',
    });
  });

  promise('does not wait for a job longer than the time limit of close', async () => {
    const jobs = await work(() => sleep(2_000));
    await backend.queue().enqueue(greet, { personId: 'fay' });
    await eventually(() => {
      expect(jobs).toHaveLength(1);
    });
    const start = Date.now();
    await backend.close(300);
    expect(Date.now() - start).toBeLessThan(1_500);
  });

  promise('reports that its store is unavailable, and continues when the store is back', async () => {
    const jobs = await work();
    await backend.queue().enqueue(greet, { personId: 'gus' });
    await eventually(() => {
      expect(jobs).toHaveLength(1);
    });
    await store.takeAway();
    try {
      await expect(backend.queue().enqueue(greet, { personId: 'hal' })).rejects.toMatchObject({
        code: 'queue.unavailable',
      });
      await expect(backend.ping()).rejects.toMatchObject({ code: 'queue.unavailable' });
    } finally {
      await store.giveBack();
    }
    await backend.waitUntilReady(seconds(10));
    await eventually(async () => {
      await backend.queue().enqueue(greet, { personId: 'ida' });
    });
    await eventually(() => {
      expect(jobs.map((job) => job.id)).toContain('test.greet-ida');
    });
  });

  promise('works after a request that came before its store was available', async () => {
    await store.takeAway();
    const enqueued = backend.queue().enqueue(greet, { personId: 'jim' });
    await expect(enqueued).rejects.toMatchObject({ code: 'queue.unavailable' });
    await store.giveBack();
    await backend.waitUntilReady(seconds(10));
    await backend.queue().enqueue(greet, { personId: 'kim' });
    const jobs = await work();
    await eventually(() => {
      expect(jobs.map((job) => job.id)).toContain('test.greet-kim');
    });
  });
});

/** A separate process takes a job and is killed while it runs. */
async function takeJobAndStop(store: TestStore): Promise<void> {
  const code = `
    import { openQueueBackend } from '#jobs';
    import { createLogger, Secret } from '#observability';
    const { databaseUrl, redisUrl } = JSON.parse(process.argv[1]);
    const backend = openQueueBackend({
      databaseUrl: new Secret(databaseUrl),
      redisUrl: redisUrl && new Secret(redisUrl),
      logger: createLogger({ app: 'test' }),
    });
    const run = () => new Promise(() => { process.send('taken'); });
    await backend.work({ concurrency: 1, stalledAfter: 1500, run });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code, JSON.stringify(store.urls)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function eventually(check: () => void | Promise<void>, within = seconds(8)): Promise<void> {
  const end = Date.now() + within;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(50);
    }
  }
}

function openLater(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
