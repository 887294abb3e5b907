import { z } from 'zod';
import { HEALTHS } from '#persistence';
import { nearestProvider, PROVIDER_NAMES } from '#providers';
import { type IdPrefix, uuidOf } from './public-id.js';

/** One of the platforms by its name. Looked up at first use: the operator's own ones come after this file is loaded. */
export const provider = z.lazy(() => z.enum(PROVIDER_NAMES, { error: ({ input }) => noProvider(input) }));

function noProvider(given: unknown): string {
  const meant = typeof given === 'string' ? nearestProvider(given) : undefined;
  return `must be one of ${PROVIDER_NAMES.join(', ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}

/** The filter of a list by platform: `platform` is another word for `provider`, and both at once must agree. */
export const providerFilter = {
  provider: provider.optional(),
  platform: provider.optional().describe('Another word for provider.'),
};

export const agree = (query: { provider?: string | undefined; platform?: string | undefined }): boolean =>
  !query.provider || !query.platform || query.provider === query.platform;
export const DISAGREEMENT = { path: ['platform'], message: 'must be the same as provider' };

export const health = z.enum(HEALTHS, { error: `must be one of ${HEALTHS.join(', ')}` });

/** A time in an answer. */
export const time = z.string().meta({ format: 'date-time' });

/** An id in an answer. */
export const idOf = (prefix: IdPrefix): z.ZodString => z.string().meta({ pattern: `^${prefix}_[0-9a-z]{26}$` });

/** An id in a query or a body, read as the UUID behind it. */
export const idField = (prefix: IdPrefix): z.ZodType<string, string> =>
  rawText(100).transform((given, context) => {
    const uuid = uuidOf(prefix, given);
    if (uuid !== undefined) return uuid;
    context.addIssue({ code: 'custom', message: `must be an id that begins with ${prefix}_` });
    return z.NEVER;
  });

/** A surrogate without its other half. */
const HALF_PAIR = /\p{Cs}/u;
/** Control characters and the line separators of Unicode (UAX 14), which a single line must not contain. */
const NOT_ON_ONE_LINE = /[\p{Cc}\u2028\u2029]/u;
/** The same without line breaks and tabs. */
const CONTROL = /(?![\t\n\r])\p{Cc}/u;
/** At least one character that leaves a mark: not white space, not a zero-width or other invisible one. */
const VISIBLE = /[^\s\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** Overrides of the writing direction (UAX 9) make a name read as another one. */
const OVERRIDE = /[\u202d\u202e]/u;

interface TextRules {
  /** At the least; 0 unless told otherwise. */
  shortest?: number;
  /** Line breaks and tabs are allowed. */
  lines?: boolean;
}

/**
 * Every text that a caller sends is of this type or of `text`: bounded, well-formed Unicode, and without NUL and other
 * control characters, which PostgreSQL, logs and HTTP headers do not carry.
 */
export const rawText = (longest: number, { shortest = 0, lines = false }: TextRules = {}): z.ZodString =>
  z
    .string()
    .min(shortest, shortest === 1 ? 'must not be empty' : `must be at least ${shortest} characters`)
    .max(longest, `must be at most ${longest} characters`)
    .refine((given) => !HALF_PAIR.test(given), 'must be well-formed Unicode')
    .refine((given) => !(lines ? CONTROL : NOT_ON_ONE_LINE).test(given), 'must not contain control characters');

/** A name or another short text for people: trimmed, on one line, with at least one visible character. */
export const text = (longest: number): z.ZodType<string, string> =>
  z
    .string()
    .trim()
    .pipe(
      rawText(longest)
        .refine((given) => VISIBLE.test(given), 'must not be empty')
        .refine((given) => !OVERRIDE.test(given), 'must not contain overrides of the writing direction'),
    );

/** The name of a workspace in a credential. It is an identity, so nothing of it is trimmed. */
export const workspaceName = rawText(255).refine((given) => VISIBLE.test(given), 'must not be empty');

/** A URL as it was sent. The policy of return URLs judges it, and refuses line breaks and tabs in its own words. */
export const urlText = rawText(2_048, { lines: true });

/** How many items a page has at the most: 1 to 100. */
export const limit = z.preprocess(
  (given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given),
  z.int('must be a whole number').min(1, 'must be between 1 and 100').max(100, 'must be between 1 and 100').default(50),
);

export const cursor = rawText(2_000, { shortest: 1 }).describe('The next_cursor of the page before.');
