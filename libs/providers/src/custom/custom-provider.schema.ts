import { z } from 'zod';
import { isLoopbackHost } from '../oauth/loopback.js';

const A_DAY = 86_400;
const A_MINUTE = 60;

/** What the protocol itself puts into the authorization request. */
const RESERVED = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
];

/** Tokens and secrets are sent there, so the connection must be encrypted; loopback needs no encryption. */
const url = z
  .string()
  .refine(
    isSafe,
    'must be an https URL (http only on a loopback host), without white space, user, password and fragment',
  );
const text = z.string().min(1, 'must not be empty');
const seconds = (least: number) =>
  z.int('must be a whole number of seconds').min(least, `must be at least ${least} seconds`);
const scopes = z.array(text.regex(/^[^\s,]+$/, 'must hold no space and no comma'));
/** A field of the answer, of nested objects with dots: `data.user.id`. */
const path = text.regex(/^[^.]+(\.[^.]+)*$/, 'must be a field, or fields with a dot between');

const authorize = z.strictObject({
  url: url.refine((given) => !given.includes('?'), 'must have no query: put it into parameters'),
  scopeSeparator: z.enum([' ', ','], { error: 'must be a space or a comma' }).default(' '),
  pkce: z.boolean(),
  parameters: z
    .record(z.string(), z.string())
    .refine((given) => RESERVED.every((name) => !Object.hasOwn(given, name)), `must not hold ${RESERVED.join(', ')}`)
    .optional(),
});

const CLIENT_AUTHENTICATIONS = ['client_secret_basic', 'client_secret_post'] as const;

const token = z.strictObject({
  url,
  clientAuthentication: z.enum(CLIENT_AUTHENTICATIONS, { error: `must be ${CLIENT_AUTHENTICATIONS.join(' or ')}` }),
  /** Where the answer has no `expires_in`; null: then it has no end. */
  defaultLifeSeconds: seconds(A_MINUTE).nullable().default(null),
});

const MODES = 'must be rotating_strict, rotating_grace, static or none';

const refresh = z.discriminatedUnion(
  'mode',
  [
    /** So long a refresh token that was rotated may be sent again. */
    z.strictObject({ mode: z.literal('rotating_grace'), graceSeconds: seconds(1) }),
    ...(['rotating_strict', 'static', 'none'] as const).map((mode) => z.strictObject({ mode: z.literal(mode) })),
  ],
  { error: MODES },
);

const identity = z.strictObject({
  url,
  id: path,
  handle: path.optional(),
  name: path.optional(),
  avatar: path.optional(),
});

/** Everything below it takes the token of an account from a client's call. */
const api = z.strictObject({
  url: url
    .refine((given) => !given.includes('?'), 'must have no query')
    // Without dot segments, a default port and capital letters in its host: paths are appended, and the result is compared.
    .transform((given) => new URL(given).href.replace(/\/*$/, '/')),
});

const CLASSES = ['permanent', 'app', 'owner', 'permission', 'temporary'] as const;

/** The server's own words for what it refuses, beyond those of the standards, and what each means. */
const errors = z.record(
  z.string().regex(/^[\x21-\x7e]{1,100}$/, 'must be a code of 1 to 100 visible ASCII characters'),
  z.enum(CLASSES, { error: `must be ${CLASSES.join(', ')}` }),
);

/** One entry of the file that an operator names in CUSTOM_PROVIDERS_FILE. */
export const customProviderSchema = z.strictObject({
  name: text.regex(/^[a-z][a-z0-9]{1,31}$/, 'must be 2 to 32 lower-case letters and digits, a letter first'),
  title: text.max(64, 'must be at most 64 characters'),
  authorize,
  token,
  revoke: z.strictObject({ url }).optional(),
  refresh,
  identity,
  api: api.optional(),
  scopes: z
    .strictObject({ default: scopes.min(1, 'must hold at least one'), required: scopes.default([]) })
    .refine((given) => given.required.every((scope) => given.default.includes(scope)), {
      path: ['required'],
      message: 'must hold nothing that default does not',
    }),
  probe: z.strictObject({ everySeconds: seconds(A_MINUTE) }).default({ everySeconds: A_DAY }),
  errors: errors.optional(),
});

export type CustomProvider = z.output<typeof customProviderSchema>;

function isSafe(given: string): boolean {
  // WHATWG parsing drops tabs and line breaks.
  if (/[\s\p{Cc}\\]/u.test(given) || !URL.canParse(given)) return false;
  const { protocol, hostname, username, password, hash } = new URL(given);
  if (username || password || hash) return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}
