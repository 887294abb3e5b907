import { type Job } from 'bullmq';
import { type Duration, seconds } from '#config';
import { type BullWorker, type QueueDriver } from './queue-driver.js';

/** A job as it is taken from the queue; its payload is what came out of the store, not yet looked at. */
export interface TakenJob {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Asked for by a schedule, not by somebody. */
  readonly scheduled: boolean;
}

export interface WorkOptions {
  /** Jobs that run side by side. */
  concurrency: number;
  /** Does one job; an error fails the attempt, an UnrecoverableError the job. */
  run(job: TakenJob): Promise<void>;
  /** How long a job stays with a worker that no longer says it is alive (milliseconds). */
  stalledAfter?: Duration;
}

/** How soon the worker asks again after its store refused it. */
const ASK_AGAIN: Duration = seconds(1);

export function openWorker(driver: QueueDriver, options: WorkOptions, onError: (error: unknown) => void): BullWorker {
  const { concurrency, stalledAfter = seconds(30) } = options;
  const worker = driver.openWorker((job: Job) => options.run(taken(job)), {
    concurrency,
    lockDuration: stalledAfter,
    stalledInterval: stalledAfter,
    runRetryDelay: ASK_AGAIN,
  });
  worker.on('error', onError);
  return worker;
}

function taken(job: Job<unknown>): TakenJob {
  const { id = '', name, data, attemptsMade, repeatJobKey } = job;
  return { id, name, payload: data, attempt: attemptsMade + 1, scheduled: repeatJobKey !== undefined };
}
