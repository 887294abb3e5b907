import { hours, minutes, seconds } from '#config';
import { attemptsSweep, grantsRetire, grantsSweep, historySweep, probesSweep, sealsSweep } from '#jobs';
import { type Schedule } from './runtime/schedule-keeper.js';

/** How long the grants that a sweep leaves wait for the next. */
export const GRANTS_SWEEP_INTERVAL = seconds(10);

/** All recurring jobs. A run happens once for all workers together. */
export const schedules: readonly Schedule[] = [
  { job: grantsSweep, every: GRANTS_SWEEP_INTERVAL },
  { job: probesSweep, every: seconds(15) },
  { job: attemptsSweep, every: minutes(1) },
  { job: sealsSweep, every: seconds(30) },
  { job: grantsRetire, every: hours(1) },
  { job: historySweep, every: hours(1) },
];
