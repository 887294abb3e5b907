import { z } from 'zod';

/** An id in a platform's call: bounded and storable (PostgreSQL takes no NUL), because some are used before they are verified. */
export const identifier = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u);
