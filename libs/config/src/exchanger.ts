import { join, resolve } from 'node:path';
import { z } from 'zod';
import { fitsSocketPath, socketPathOf } from './socket-path.js';
import { homeFolder, wholeNumber } from './values.js';

/** The socket on which the exchanger listens and its callers connect. */
export const exchangerSocket = z
  .object({
    EVERGRANT_HOME: homeFolder,
    EXCHANGER_SOCKET: z
      .string()
      .refine(fitsSocketPath, 'is longer than the path of a unix socket may be (100 bytes)')
      .optional(),
  })
  .transform((env) => env.EXCHANGER_SOCKET ?? socketPathOf(env.EVERGRANT_HOME));

export const exchanger = z
  .object({
    NODE_ENV: z.string().default('production'),
    EVERGRANT_HOME: homeFolder,
    /** Must be on a disk that survives this process, its container and its machine. */
    JOURNAL_DIR: z.string().optional(),
    /** Calls that the socket accepts at once; the gate limits how many of them are sent at once. */
    EXCHANGER_CALLS: wholeNumber(1, 100_000).default(12_000),
    /** `W3`: the process kills itself the first time it reaches that point; `W3:5`: the fifth time. For the fault test. */
    CRASH_AT: z
      .string()
      .regex(/^W[1-7](:[1-9]\d*)?$/, 'must be W1 to W7, or W3:5 for the fifth time')
      .optional(),
  })
  .refine((env) => env.CRASH_AT === undefined || env.NODE_ENV !== 'production', {
    path: ['CRASH_AT'],
    error: 'is for tests, not for production',
  })
  .transform((env) => ({
    journalDir: resolve(env.JOURNAL_DIR ?? join(env.EVERGRANT_HOME, 'journal')),
    calls: env.EXCHANGER_CALLS,
    crashAt: env.CRASH_AT,
  }));

const REFRESH_RATE = 'must be a number from 0.1 to 1000';

/** Admission to the platforms' token endpoints. */
export const gate = z
  .object({
    /** Refreshes per second of one app, to stay within the platform's limits. */
    REFRESHES_PER_SECOND: z.coerce.number(REFRESH_RATE).min(0.1, REFRESH_RATE).max(1_000, REFRESH_RATE).default(50),
    EXCHANGES_AT_ONCE: wholeNumber(1, 5_000).default(256),
    EXCHANGES_WAITING: wholeNumber(1, 100_000).default(12_000),
  })
  .transform((env) => ({
    perSecond: env.REFRESHES_PER_SECOND,
    inFlight: env.EXCHANGES_AT_ONCE,
    waiting: env.EXCHANGES_WAITING,
  }));
