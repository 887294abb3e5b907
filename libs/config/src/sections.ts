import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Secret } from '#observability';
import { fits, socketPathOf } from './socket-path.js';

const port = z.coerce.number().int().min(1).max(65_535);
const webUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((text) => text.replace(/\/$/, ''));
const secretUrl = (
  protocol: RegExp,
  example: string,
  isWhole: (url: URL) => boolean = () => true,
): z.ZodType<Secret, string> =>
  z
    .url({ protocol, error: `must be a ${example} URL` })
    .refine(
      (text) => URL.canParse(text) && isWhole(new URL(text)),
      `must name a host and a database: ${example}user:password@host:5432/database`,
    )
    .transform((text) => new Secret(text));

/** The password of a URL that has none: the URL can then stand where secrets do not belong. */
const password = <Store extends string>(store: Store) =>
  ({ [`${store}_PASSWORD`]: z.string().optional(), [`${store}_PASSWORD_FILE`]: z.string().optional() }) as Record<
    `${Store}_PASSWORD` | `${Store}_PASSWORD_FILE`,
    z.ZodOptional<z.ZodString>
  >;

function withPassword(given: Secret, plain: string | undefined): Secret {
  const url = new URL(given.reveal());
  if (plain === undefined || url.password !== '') return given;
  url.password = encodeURIComponent(plain);
  return new Secret(url.href);
}

/** Without a name the driver takes the user's, and without a host this machine: neither is what a URL like that means. */
const namesDatabase = ({ hostname, pathname, searchParams }: URL): boolean =>
  (hostname !== '' || searchParams.has('host')) && pathname.length > 1;

const HOW_TO_MAKE_A_KEY = [
  'no master key: tokens could not be sealed. Make one with',
  `node -p "'k1:' + require('crypto').randomBytes(32).toString('base64')"`,
  'and set MASTER_KEYS to it, or MASTER_KEYS_FILE to a file that holds it; keep a copy where the database backups are not',
].join(' ');

export const process = z
  .object({
    NODE_ENV: z.string().default('production'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  })
  .transform((env) => ({ production: env.NODE_ENV === 'production', logLevel: env.LOG_LEVEL }));

/** Trusting every address would make the client's own word its address. */
const isProxy = (entry: string): boolean =>
  ipaddr.isValidCIDR(entry)
    ? ipaddr.parseCIDR(entry)[1] > 0
    : ipaddr.IPv6.isValid(entry) || ipaddr.IPv4.isValidFourPartDecimal(entry);

const proxies = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  )
  .refine(
    (entries) => entries.every(isProxy),
    'must be addresses or CIDR ranges, comma separated, and not every address (/0)',
  );

export const http = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: port.default(3000),
    PUBLIC_URL: webUrl.optional(),
    /** Addresses or CIDR ranges whose forwarding headers are believed, comma separated. */
    TRUSTED_PROXIES: proxies.default([]),
  })
  .transform((env) => ({
    host: env.HOST,
    port: env.PORT,
    /** Where browsers and platforms reach the API; never taken from a Host header. */
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
    trustedProxies: env.TRUSTED_PROXIES,
  }));

const count = (byDefault: number): z.ZodDefault<z.ZodCoercedNumber> =>
  z.coerce.number().int().min(1).max(1_000_000).default(byDefault);

/** What one tenant or one client may take. */
export const limits = z
  .object({
    /** Per workspace and environment. */
    OAUTH_APPS_PER_WORKSPACE: count(100),
    /** Requests without a credential from one address (IPv6: one /64). */
    PUBLIC_REQUESTS_PER_MINUTE: count(600),
    /** Open connections of one API process, and how many of them one address may hold. */
    MAX_CONNECTIONS: count(2_000),
    MAX_CONNECTIONS_PER_ADDRESS: count(500),
  })
  .transform((env) => ({
    oauthApps: env.OAUTH_APPS_PER_WORKSPACE,
    publicPerMinute: env.PUBLIC_REQUESTS_PER_MINUTE,
    connections: env.MAX_CONNECTIONS,
    connectionsPerAddress: env.MAX_CONNECTIONS_PER_ADDRESS,
  }));

export const sandbox = z
  .object({
    /** `localhost` is 127.0.0.1 and ::1; a container says 0.0.0.0. */
    SANDBOX_HOST: z.string().default('localhost'),
    SANDBOX_PORT: port.default(3100),
    SANDBOX_URL: webUrl.optional(),
  })
  .transform((env) => ({
    host: env.SANDBOX_HOST,
    port: env.SANDBOX_PORT,
    url: env.SANDBOX_URL ?? `http://localhost:${env.SANDBOX_PORT}`,
  }));

const homeFolder = z.string().default('.evergrant');

export const home = z.object({ EVERGRANT_HOME: homeFolder }).transform((env) => env.EVERGRANT_HOME);

export const database = z
  .object({
    DATABASE_URL: secretUrl(/^postgres(ql)?$/, 'postgres://', namesDatabase),
    DATABASE_URL_FILE: z.string().optional(),
    ...password('DATABASE'),
    DATABASE_POOL: z.coerce.number().int().min(2).max(200).default(10),
  })
  .transform((env) => ({ url: withPassword(env.DATABASE_URL, env.DATABASE_PASSWORD), pool: env.DATABASE_POOL }));

export const queue = z
  .object({
    REDIS_URL: secretUrl(/^rediss?$/, 'redis://').optional(),
    REDIS_URL_FILE: z.string().optional(),
    ...password('REDIS'),
  })
  .transform((env) => ({ redisUrl: env.REDIS_URL && withPassword(env.REDIS_URL, env.REDIS_PASSWORD) }));

/** What the operator's file holds, as JSON; what it must look like is known where providers are. Undefined: no file is named. */
export const customProviders = z.object({ CUSTOM_PROVIDERS_FILE: z.string().optional() }).transform((env, context) => {
  if (env.CUSTOM_PROVIDERS_FILE === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(env.CUSTOM_PROVIDERS_FILE, 'utf8')) as unknown;
  } catch (error) {
    const message = error instanceof SyntaxError ? 'the file holds no JSON' : 'the file cannot be read';
    context.addIssue({ code: 'custom', path: ['CUSTOM_PROVIDERS_FILE'], message });
    return z.NEVER;
  }
});

/** `id:base64` of 32 bytes each, the first one seals, all open. */
export const masterKeys = z
  .object({ MASTER_KEYS: z.string().optional(), MASTER_KEYS_FILE: z.string().optional() })
  .transform((env, context) => {
    if (env.MASTER_KEYS !== undefined) return new Secret(env.MASTER_KEYS.trim());
    context.addIssue({ code: 'custom', path: ['MASTER_KEYS'], message: HOW_TO_MAKE_A_KEY });
    return z.NEVER;
  });

export const callers = z
  .object({
    API_KEY_PREFIX: z
      .string()
      .regex(/^[a-z]{2,8}$/, 'must be 2 to 8 lower-case letters')
      .default('dra'),
    JWT_PUBLIC_KEY_FILE: z.string().optional(),
    JWT_ISSUER: z.string().default('evergrant'),
    JWT_AUDIENCE: z.string().default('evergrant'),
    JWT_WORKSPACE_CLAIM: z.string().default('sub'),
  })
  .transform((env) => ({
    apiKeyPrefix: env.API_KEY_PREFIX,
    jwt: {
      /** A file with the ES256 public key as a JWK; without it no dashboard JWT is accepted. */
      publicKeyFile: env.JWT_PUBLIC_KEY_FILE,
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
      workspaceClaim: env.JWT_WORKSPACE_CLAIM,
    },
  }));

export const worker = z
  .object({ WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(200).default(100) })
  .transform((env) => ({ concurrency: env.WORKER_CONCURRENCY }));

export const metrics = z
  .object({
    METRICS_TOKEN: z.string().min(16, 'must be at least 16 characters').optional(),
    METRICS_TOKEN_FILE: z.string().optional(),
    METRICS_PORT: port.optional(),
  })
  .transform((env) => ({
    /** Asked of whoever reads the metrics; without it anybody may. */
    token: env.METRICS_TOKEN ? new Secret(env.METRICS_TOKEN) : undefined,
    /** Where a worker tells its metrics and how it is; without it, nowhere. */
    port: env.METRICS_PORT,
  }));

export const retention = z
  .object({ EVENTS_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(400) })
  /** For how long the history of accounts is kept. */
  .transform((env) => ({ eventDays: env.EVENTS_RETENTION_DAYS }));

/** Where the exchanger listens and its callers find it. */
export const exchangerSocket = z
  .object({
    EVERGRANT_HOME: homeFolder,
    EXCHANGER_SOCKET: z.string().refine(fits, 'is longer than the path of a unix socket may be (100 bytes)').optional(),
  })
  .transform((env) => env.EXCHANGER_SOCKET ?? socketPathOf(env.EVERGRANT_HOME));

export const exchanger = z
  .object({
    NODE_ENV: z.string().default('production'),
    EVERGRANT_HOME: homeFolder,
    /** Must be on a disk that survives this process, its container and its machine. */
    JOURNAL_DIR: z.string().optional(),
    /** Calls that its socket takes at once; how many of them may be on the wire is the gate's to say. */
    EXCHANGER_CALLS: z.coerce.number().int().min(1).max(100_000).default(12_000),
    /** `W3`: the process kills itself the first time it comes to that point; `W3:5`: the fifth. For the fault test. */
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

/** The gate before the token endpoints. */
export const gate = z
  .object({
    /** Refreshes of one app; what a platform's own limits allow. */
    REFRESHES_PER_SECOND: z.coerce.number().min(0.1).max(1_000).default(50),
    EXCHANGES_AT_ONCE: z.coerce.number().int().min(1).max(5_000).default(256),
    EXCHANGES_WAITING: z.coerce.number().int().min(1).max(100_000).default(12_000),
  })
  .transform((env) => ({
    perSecond: env.REFRESHES_PER_SECOND,
    inFlight: env.EXCHANGES_AT_ONCE,
    waiting: env.EXCHANGES_WAITING,
  }));

export const seed = z
  .object({ SEED_TEST_API_KEY: z.string().optional() })
  /** The key of an earlier start, kept while it is good. */
  .transform((env) => ({
    testApiKey: env.SEED_TEST_API_KEY === undefined ? undefined : new Secret(env.SEED_TEST_API_KEY),
  }));
