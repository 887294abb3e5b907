export {
  accountProbe,
  attemptsSweep,
  grantRefresh,
  grantsSweep,
  historySweep,
  knownJobs,
  probesSweep,
} from './contracts/index.js';
export { defineJob, type JobContract, type JobDefinition, parsePayload, type PayloadOf } from './job-contract.js';
export { JobQueue } from './job-queue.js';
export { type TakenJob, type WorkOptions } from './job-worker.js';
export { JobPayloadError, QueueUnavailableError } from './jobs.errors.js';
export { migrateQueue, openQueueBackend, QueueBackend, type QueueBackendOptions } from './queue-backend.js';
export { openRateCounter, RateCounter, type RateCounterOptions } from './rate-counter.js';
