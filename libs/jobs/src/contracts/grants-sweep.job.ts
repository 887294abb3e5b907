import { z } from 'zod';
import { defineJob } from '../job-contract.js';

/** Finds the grants that are due and asks for their refresh; the next sweep finds what a failed one left. */
export const grantsSweep = defineJob({ name: 'grants.sweep', payload: z.object({}), attempts: 1 });
