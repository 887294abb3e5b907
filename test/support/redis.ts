import { tmpdir } from 'node:os';
import { REDIS_PROGRAM, startRedis } from '../../tools/test/redis.mjs';

/** Whether this machine can run the Redis half of a suite. */
export const redisIsHere = REDIS_PROGRAM !== undefined;

/** A temporary Redis without a disk: its data ends when it stops. It starts again at the same URL. */
export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a Redis on a free port of the loopback. */
export async function openTestRedis(directory = tmpdir()): Promise<TestRedis> {
  let server = await startRedis(directory);
  let isRunning = true;
  const { url, port } = server;
  return {
    url,
    start: async () => {
      server = await startRedis(directory, port);
      isRunning = true;
    },
    stop: async () => {
      if (!isRunning) return;
      isRunning = false;
      await server.stop();
    },
  };
}
