import { z } from 'zod';
import { defineJob } from '../job-contract.js';

/** Finds the accounts whose turn it is to be probed. */
export const probesSweep = defineJob({ name: 'probes.sweep', payload: z.object({}), attempts: 1 });
