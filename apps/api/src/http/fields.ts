import { z } from 'zod';
import { HEALTHS } from '#persistence';
import { PROVIDER_NAMES } from '#providers';
import { type IdPrefix, uuidOf } from './public-id.js';

/** One of the platforms by its name. Looked up at first use: the operator's own ones come after this file is loaded. */
export const provider = z.lazy(() => z.enum(PROVIDER_NAMES, { error: `must be one of ${PROVIDER_NAMES.join(', ')}` }));

export const health = z.enum(HEALTHS, { error: `must be one of ${HEALTHS.join(', ')}` });

/** A time in an answer. */
export const time = z.string().meta({ format: 'date-time' });

/** An id in an answer. */
export const idOf = (prefix: IdPrefix): z.ZodString => z.string().meta({ pattern: `^${prefix}_[0-9a-z]{26}$` });

/** An id in a query or a body, read as the UUID behind it. */
export const idField = (prefix: IdPrefix): z.ZodType<string, string> =>
  z.string().transform((text, context) => {
    const uuid = uuidOf(prefix, text);
    if (uuid !== undefined) return uuid;
    context.addIssue({ code: 'custom', message: `must be an id that begins with ${prefix}_` });
    return z.NEVER;
  });

const HIDDEN = /\p{Cc}/u;

/** Text of a person: trimmed, not empty, on one line, without control characters. */
export const text = (longest: number): z.ZodType<string, string> =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(longest, `must be at most ${longest} characters`)
    .refine((given) => !HIDDEN.test(given), 'must not hold control characters');

/** How many items a page has at the most: 1 to 100. */
export const limit = z.preprocess(
  (given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given),
  z.int('must be a whole number').min(1, 'must be between 1 and 100').max(100, 'must be between 1 and 100').default(50),
);

export const cursor = z.string().min(1).max(2_000).describe('The next_cursor of the page before.');
