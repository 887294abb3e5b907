import { z } from 'zod';
import { rawText, text } from '#accounts';
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

/** A URL as it was sent. The policy of return URLs checks it, and refuses line breaks and tabs in its own words. */
export const urlText = rawText(2_048, { shortest: 1, lines: true });

/** The return URL of a start. */
export const returnUrl = urlText.describe(
  'Where the browser returns to; by default a page of this service. An https URL, or http on a loopback host (localhost, ' +
    '127.0.0.0/8, [::1]), covered by the `allowed_return_urls` of the app. In the environment `test` a loopback host needs no entry.',
);

/** A list in a body. */
export const listOf = <Entry extends z.ZodType>(
  entry: Entry,
  { least = 0, most }: { least?: number; most: number },
): z.ZodArray<Entry> =>
  z
    .array(entry)
    .min(least, least === 1 ? 'must have at least one entry' : `must have at least ${least} entries`)
    .max(most, `must have at most ${most} entries`);

const MAX_SCOPES = 64;

/** Scopes of a platform in a body. Without any, a consent would grant nothing. */
export const scopeList = listOf(text(128), { least: 1, most: MAX_SCOPES });

/** How many items a page has at the most: 1 to 100. */
export const limit = z.preprocess(
  (given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given),
  z.int('must be a whole number').min(1, 'must be between 1 and 100').max(100, 'must be between 1 and 100').default(50),
);

export const cursor = rawText(2_000, { shortest: 1 }).describe('The next_cursor of the page before.');
