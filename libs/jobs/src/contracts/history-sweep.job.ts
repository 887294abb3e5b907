import { z } from 'zod';
import { defineJob } from '../job-contract.js';

/** Forgets what was kept long enough: ended exchanges, old events, what was delivered; the next sweep goes on with the rest. */
export const historySweep = defineJob({ name: 'history.sweep', payload: z.object({}), attempts: 1 });
