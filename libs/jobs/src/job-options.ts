import { type JobsOptions } from 'bullmq';
import { seconds } from '#config';
import { type JobContract } from './job-contract.js';

const RETRY_AFTER = seconds(1);

/**
 * What the queue does with a job of this contract. Finished jobs leave at once, however they ended: history is in our own
 * tables, and limits by age or count cost PostgreSQL several times the throughput.
 */
export function jobOptions(contract: JobContract): JobsOptions {
  return {
    attempts: contract.attempts,
    backoff: { type: 'exponential', delay: RETRY_AFTER, jitter: 0.5 },
    removeOnComplete: true,
    removeOnFail: true,
    stackTraceLimit: 0,
  };
}

/** The id under which the queue refuses a second job of one identity (BullMQ forbids a colon in it). */
export function jobId<Payload extends object>(contract: JobContract<Payload>, payload: Payload): string | undefined {
  const identity = contract.identity(payload);
  return identity === undefined ? undefined : `${contract.name}-${identity}`;
}
