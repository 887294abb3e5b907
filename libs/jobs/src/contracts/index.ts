import { type JobContract } from '../job-contract.js';
import { attemptsSweep } from './attempts-sweep.job.js';
import { grantRefresh } from './grant-refresh.job.js';
import { grantsSweep } from './grants-sweep.job.js';

export { attemptsSweep, grantRefresh, grantsSweep };

/** Every job there is; the worker refuses to start when one of them has no handler, or two. */
export const knownJobs: readonly JobContract[] = [grantsSweep, grantRefresh, attemptsSweep];
