import { z } from 'zod';
import { defineJob } from '../job-contract.js';

/** Finishes attempts whose code was exchanged but whose account was never made, fails expired ones and deletes old ones. */
export const attemptsSweep = defineJob({ name: 'attempts.sweep', payload: z.object({}), attempts: 1 });
