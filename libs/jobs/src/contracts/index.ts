import { type JobContract } from '../job-contract.js';
import { accountProbe } from './account-probe.job.js';
import { attemptsSweep } from './attempts-sweep.job.js';
import { grantRefresh } from './grant-refresh.job.js';
import { grantsSweep } from './grants-sweep.job.js';
import { historySweep } from './history-sweep.job.js';
import { probesSweep } from './probes-sweep.job.js';

export { accountProbe, attemptsSweep, grantRefresh, grantsSweep, historySweep, probesSweep };

/** Every job there is; the worker refuses to start when one of them has no handler, or two. */
export const knownJobs: readonly JobContract[] = [
  grantsSweep,
  grantRefresh,
  probesSweep,
  accountProbe,
  attemptsSweep,
  historySweep,
];
