import { type Job } from 'bullmq';
import { type Duration, seconds } from '#config';
import { type BullWorker, type QueueDriver } from './queue-driver.js';

/** A job as the queue delivers it. Its payload is not validated yet. */
export interface TakenJob {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
  /** Number of the run, from 1. */
  readonly attempt: number;
  /** Whether a schedule added it. */
  readonly scheduled: boolean;
  /** The `traceparent` of what added it. */
  readonly trace?: string | undefined;
}

export interface WorkOptions {
  /** Maximum number of jobs that run at the same time. */
  concurrency: number;
  /** Runs one job. An error fails the attempt, an UnrecoverableError fails the job. */
  run(job: TakenJob): Promise<void>;
  /** Milliseconds after which a job of an unresponsive worker goes to another worker. */
  stalledAfter?: Duration;
}

/** Delay of the next request after the store refused one. */
const STORE_RETRY_DELAY: Duration = seconds(1);

export function openWorker(driver: QueueDriver, options: WorkOptions, onError: (error: unknown) => void): BullWorker {
  const { concurrency, stalledAfter = seconds(30) } = options;
  const worker = driver.openWorker((job: Job) => options.run(taken(job)), {
    concurrency,
    lockDuration: stalledAfter,
    stalledInterval: stalledAfter,
    runRetryDelay: STORE_RETRY_DELAY,
  });
  worker.on('error', onError);
  return worker;
}

function taken(job: Job<unknown>): TakenJob {
  const { id = '', name, data, attemptsMade, repeatJobKey, opts } = job;
  const scheduled = repeatJobKey !== undefined;
  return { id, name, payload: data, attempt: attemptsMade + 1, scheduled, trace: opts.telemetry?.metadata };
}
