import type { PipeTransform } from '@nestjs/common';
import { TypeID } from 'typeid-js';
import { z } from 'zod';
import { rawText, text } from '#accounts';
import { CodedError } from '#observability';
import { HEALTHS, publicId as publicIdOf } from '#persistence';
import { nearestProvider, PROVIDER_NAMES } from '#providers';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';

/** The prefix of a public id, which names the kind of the object. */
export type IdPrefix = 'acc' | 'sa' | 'oa' | 'key' | 'prj' | 'evt' | 'req' | 'pool' | 'lreq' | 'wh' | 'del';

/** The UUID of a row as clients see it: `acc_01h455vb4pex5vsknk084sn02q`. */
export const publicId = (prefix: IdPrefix, uuid: string): string => publicIdOf(prefix, uuid);

/** The UUID behind a public id of that prefix; undefined for any other text. */
export function uuidOf(prefix: IdPrefix, text: string): string | undefined {
  try {
    const uuid = TypeID.fromString(text, prefix).toUUID();
    // The decoder ignores bits beyond 128, so that one UUID would have several spellings.
    return publicId(prefix, uuid) === text ? uuid : undefined;
  } catch {
    return undefined;
  }
}

/** Reads an id in a path as the UUID behind it. A malformed id gets the same answer as an unknown one. */
export class PublicIdPipe implements PipeTransform<string, string> {
  constructor(
    private readonly prefix: IdPrefix,
    private readonly code: string,
    private readonly noun: string,
  ) {}

  transform(text: string): string {
    const uuid = uuidOf(this.prefix, text);
    if (uuid === undefined) throw new CodedError(this.code, `There is no such ${this.noun}.`);
    return uuid;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads an id in a path of the projects surface, which also takes a bare UUID. A malformed id is 400 there. */
export class ProjectsIdPipe implements PipeTransform<string, string> {
  constructor(
    private readonly prefix: IdPrefix,
    private readonly field: string,
  ) {}

  transform(text: string): string {
    const uuid = UUID.test(text.toLowerCase()) ? text.toLowerCase() : uuidOf(this.prefix, text);
    if (uuid !== undefined) return uuid;
    const message = `must be an id that begins with ${this.prefix}_, or a UUID`;
    throw new CodedError('path.malformed', `${this.field}: ${message}.`, { fields: [{ field: this.field, message }] });
  }
}

/** The first of 26 characters carries three bits of 128; the alphabet has no i, l, o and u. */
const idPattern = (prefix: IdPrefix): string => `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$`;

/** An id in a response. */
export const idOf = (prefix: IdPrefix): z.ZodString => z.string().meta({ pattern: idPattern(prefix) });

interface ParameterSchema {
  type: 'string';
  pattern: string;
  example: string;
}

/** An id in the documentation of a path. */
export const idInPath = (prefix: IdPrefix, example: string): ParameterSchema => ({
  type: 'string',
  pattern: idPattern(prefix),
  example,
});

/** An id in the documentation of a path of the projects surface, which also takes a bare UUID. */
export const idInProjectsPath = (prefix: IdPrefix, example: string): ParameterSchema => ({
  type: 'string',
  pattern: `${idPattern(prefix)}|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`,
  example,
});

/** A state: 256 random bits and a signature, in base64url. */
const STATE_PATTERN = String.raw`^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$`;
export const state = z.string().meta({ pattern: STATE_PATTERN });
export const stateInPath = (example: string): ParameterSchema => ({ type: 'string', pattern: STATE_PATTERN, example });

/** A platform in a path: built in, or of the operator, whose names are registered after routes are described. */
export const providerInPath: ParameterSchema = {
  type: 'string',
  pattern: '^[a-z][a-z0-9]{0,31}$',
  example: EXAMPLE_PROVIDER,
};

/** An id in a query or a body, read as the UUID behind it. */
export const idField = (prefix: IdPrefix): z.ZodType<string, string> =>
  rawText(100)
    .meta({ pattern: idPattern(prefix) })
    .transform((given, context) => {
      const uuid = uuidOf(prefix, given);
      if (uuid !== undefined) return uuid;
      context.addIssue({ code: 'custom', message: `must be an id that begins with ${prefix}_` });
      return z.NEVER;
    });

/** ISO 8601 in UTC without milliseconds, as in all responses. */
export function isoTime(time: Date): string;
export function isoTime(time: Date | null): string | null;
export function isoTime(time: Date | null): string | null {
  return time && `${time.toISOString().slice(0, -'.000Z'.length)}Z`;
}

/** A time in a response. */
export const time = z.string().meta({ format: 'date-time' });

/** A time in a query or a body, ISO 8601 with a zone. */
export const timeText = rawText(40)
  .pipe(z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601 with a zone, such as 2026-12-01T12:00:00Z' }))
  .transform((given) => new Date(given));

/** The name of a platform. Evaluated at first use, because the operator's own platforms are registered after this file loads. */
export const provider = z.lazy(() => z.enum(PROVIDER_NAMES, { error: ({ input }) => noProvider(input) }));

function noProvider(given: unknown): string {
  const meant = typeof given === 'string' ? nearestProvider(given) : undefined;
  return `must be one of ${PROVIDER_NAMES.join(', ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}

/** The filter of a list by platform: `platform` is another word for `provider`, and both together must be equal. */
export const providerFilter = {
  provider: provider.optional(),
  platform: provider.optional().describe('Another word for provider.'),
};

export const hasOneProvider = (query: { provider?: string | undefined; platform?: string | undefined }): boolean =>
  !query.provider || !query.platform || query.provider === query.platform;
export const TWO_PROVIDERS = { path: ['platform'], message: 'must be the same as provider' };

export const health = z.enum(HEALTHS, { error: `must be one of ${HEALTHS.join(', ')}` });

/** A URL as the client sent it. The policy of return URLs checks it, with its own messages for line breaks and tabs. */
export const urlText = rawText(2_048, { shortest: 1, lines: true });

/** The return URL of a connect attempt. */
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

/** The maximum of items on a page: 1 to `most`. */
const limitUpTo = (most: number) => {
  const message = `must be between 1 and ${most}`;
  return z.preprocess(
    (given) => (typeof given === 'string' && /^\d{1,6}$/.test(given) ? Number(given) : given),
    z.int('must be a whole number').min(1, message).max(most, message).default(50),
  );
};
export const limit = limitUpTo(100);
/** On the projects surface. */
export const projectsLimit = limitUpTo(200);

export const cursor = rawText(2_000, { shortest: 1 }).describe('The next_cursor of the page before.');
