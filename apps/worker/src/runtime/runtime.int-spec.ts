import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineJob, JobQueue, migrateQueue, openQueueBackend, type PayloadOf, type QueueBackend } from '#jobs';
import { createLogger, Secret } from '#observability';
import { queueStores, type TestStore } from '../../../../test/support/queue-stores.js';
import { Handles } from './handles.js';
import { RuntimeModule } from './runtime.module.js';
import { ScheduleKeeper } from './schedule-keeper.js';

const tick = defineJob({ name: 'test.tick', payload: z.object({}), attempts: 1 });
const greet = defineJob({ name: 'test.greet', payload: z.object({ personId: z.string() }), attempts: 3 });
const logger = createLogger({ app: 'test', level: 'silent' });

let greeted: string[] = [];
let failing = false;

@Handles(tick)
class TickHandler {
  constructor(private readonly queue: JobQueue) {}

  async execute(): Promise<void> {
    await this.queue.enqueue(greet, { personId: 'ann' });
  }
}

@Handles(greet)
class GreetHandler {
  execute({ personId }: PayloadOf<typeof greet>): Promise<void> {
    greeted.push(personId);
    return failing ? Promise.reject(new Error('not now')) : Promise.resolve();
  }
}

@Module({ providers: [TickHandler, GreetHandler] })
class Greetings {}

@Module({ providers: [GreetHandler] })
class MoreGreetings {}

describe.each(queueStores)('the worker on $kind', (place) => {
  const promise = place.here ? it : it.skip;
  let store: TestStore;
  let backend: QueueBackend;
  let app: INestApplicationContext | undefined;

  beforeEach(async () => {
    if (!place.here) return;
    [greeted, failing, app] = [[], false, undefined];
    store = await place.open();
    const redisUrl = store.urls.redisUrl === undefined ? undefined : new Secret(store.urls.redisUrl);
    const settings = { databaseUrl: new Secret(store.urls.databaseUrl), redisUrl, logger };
    await migrateQueue(settings);
    backend = openQueueBackend(settings);
  });
  afterEach(async () => {
    if (!place.here) return;
    await app?.close();
    await backend.close();
    await store.close();
  });

  async function start(...modules: Type[]): Promise<void> {
    const schedules = [{ job: tick, every: 300 }];
    const runtime = RuntimeModule.with({ backend, contracts: [tick, greet], schedules, concurrency: 2, logger });
    const root = { imports: [...modules, runtime] };
    app = await NestFactory.createApplicationContext(root, { logger: false, abortOnError: false });
  }

  promise('runs the jobs of a schedule, and the jobs that handlers add', async () => {
    await start(Greetings);
    await until(() => greeted.length >= 2);
  });

  promise('repeats a job whose handler failed', async () => {
    await start(Greetings);
    failing = true;
    await backend.queue().enqueue(greet, { personId: 'bob' });
    await until(() => greeted.includes('bob'));
    failing = false;
    await until(() => greeted.filter((person) => person === 'bob').length === 2);
  });

  promise('does not start with a job that has two handlers or none', async () => {
    await expect(start(Greetings, MoreGreetings)).rejects.toThrow(
      'test.greet has 2 handlers: GreetHandler, GreetHandler.',
    );
    await expect(start(MoreGreetings)).rejects.toThrow('test.tick has no handler');
  });

  promise('continues its schedules after an outage of the queue', async () => {
    await start(Greetings);
    const keeper = new ScheduleKeeper(backend.queue(), [{ job: tick, every: 300 }], logger);
    await keeper.start(200);
    await until(() => greeted.length >= 1);
    await store.takeAway();
    await sleep(500);
    await store.giveBack();
    const before = greeted.length;
    await until(() => greeted.length >= before + 2);
    keeper.stop();
  });

  promise('takes no job after it is closed', async () => {
    await start(Greetings);
    await until(() => greeted.length >= 1);
    await app?.close();
    const before = greeted.length;
    await sleep(700);
    expect(greeted).toHaveLength(before);
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let rounds = 0; rounds < 200 && !condition(); rounds += 1) await sleep(50);
  expect(condition()).toBe(true);
}
