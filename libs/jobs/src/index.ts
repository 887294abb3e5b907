import * as contracts from './contracts.js';
import { type JobContract } from './job-contract.js';

export * from './contracts.js';
export { defineJob, type JobContract, type JobDefinition, parsePayload, type PayloadOf } from './job-contract.js';
export { JobQueue } from './job-queue.js';
export { type TakenJob, type WorkOptions } from './job-worker.js';
export { JobPayloadError, QueueUnavailableError } from './jobs.errors.js';
export { migrateQueue, openQueueBackend, QueueBackend, type QueueBackendOptions } from './queue-backend.js';
export { openRateCounter, RateCounter, type RateCounterOptions } from './rate-counter.js';

/** All jobs: a contract in contracts.ts needs no other registration. */
export const knownJobs: readonly JobContract[] = Object.values(contracts);
