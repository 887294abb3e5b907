import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from '#observability';
import { seconds } from './durations.js';
import {
  count,
  homeFolder,
  keySetUrl,
  namesDatabase,
  password,
  port,
  proxies,
  secretUrl,
  webUrl,
  wholeNumber,
  withPassword,
} from './values.js';

export { exchanger, exchangerSocket, gate } from './exchanger.js';
export { tracing } from './tracing.js';

const HOW_TO_MAKE_A_KEY = [
  'no master key: tokens could not be sealed. Make one with',
  `node -p "'k1:' + require('crypto').randomBytes(32).toString('base64')"`,
  'and set MASTER_KEYS to it, or MASTER_KEYS_FILE to a file that holds it; keep a copy where the database backups are not',
].join(' ');

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export const process = z
  .object({
    NODE_ENV: z.string().default('production'),
    LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  })
  .transform((env) => ({ production: env.NODE_ENV === 'production', logLevel: env.LOG_LEVEL }));

export const http = z
  .object({
    HOST: z.string().default('127.0.0.1'),
    PORT: port.default(3000),
    PUBLIC_URL: webUrl.optional(),
    /** Addresses or CIDR ranges of proxies whose forwarding headers are used, comma separated. */
    TRUSTED_PROXIES: proxies.default([]),
    /**
     * Seconds between "not ready" and the end of accepting requests, for a load balancer to notice. By default five in
     * production: longer than the usual interval of its checks.
     */
    SHUTDOWN_DELAY: wholeNumber(0, 60).optional(),
    /** The query parameter in which a return URL of the projects surface contains the reason of a failed attempt. */
    PROJECTS_ERROR_PARAMETER: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'must be a letter, then at most 63 letters, digits, _ and -')
      .default('layers_oauth_error'),
    NODE_ENV: z.string().default('production'),
  })
  .transform((env) => ({
    host: env.HOST,
    port: env.PORT,
    /** Where browsers and platforms reach the API; never taken from a Host header. */
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
    trustedProxies: env.TRUSTED_PROXIES,
    projectsErrorParameter: env.PROJECTS_ERROR_PARAMETER,
    shutdownDelay: seconds(env.SHUTDOWN_DELAY ?? (env.NODE_ENV === 'production' ? 5 : 0)),
  }));

/** Limits for one tenant or one client. */
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
    /** `localhost` is 127.0.0.1 and ::1; a container needs 0.0.0.0. */
    SANDBOX_HOST: z.string().default('localhost'),
    SANDBOX_PORT: port.default(3100),
    SANDBOX_URL: webUrl.optional(),
  })
  .transform((env) => ({
    host: env.SANDBOX_HOST,
    port: env.SANDBOX_PORT,
    url: env.SANDBOX_URL ?? `http://localhost:${env.SANDBOX_PORT}`,
  }));

export const home = z.object({ EVERGRANT_HOME: homeFolder }).transform((env) => env.EVERGRANT_HOME);

export const database = z
  .object({
    DATABASE_URL: secretUrl(/^postgres(ql)?$/, 'postgres://', namesDatabase),
    DATABASE_URL_FILE: z.string().optional(),
    ...password('DATABASE'),
    DATABASE_POOL: wholeNumber(2, 200).default(10),
    /** Requests of one API process that wait for a connection; further ones get 503. */
    DATABASE_WAITING: wholeNumber(1, 10_000).default(1_000),
  })
  .transform((env) => ({
    url: withPassword(env.DATABASE_URL, env.DATABASE_PASSWORD),
    pool: env.DATABASE_POOL,
    waiting: env.DATABASE_WAITING,
  }));

export const queue = z
  .object({
    REDIS_URL: secretUrl(/^rediss?$/, 'redis://').optional(),
    REDIS_URL_FILE: z.string().optional(),
    ...password('REDIS'),
  })
  .transform((env) => ({ redisUrl: env.REDIS_URL && withPassword(env.REDIS_URL, env.REDIS_PASSWORD) }));

/** The operator's file, parsed as JSON; `#providers` validates it. Undefined when no file is configured. */
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

/** `id:base64` of 32 bytes each, comma separated: the first key seals, every key opens. */
export const masterKeys = z
  .object({ MASTER_KEYS: z.string().optional(), MASTER_KEYS_FILE: z.string().optional() })
  .transform((env, context) => {
    if (env.MASTER_KEYS !== undefined) return new Secret(env.MASTER_KEYS.trim());
    context.addIssue({ code: 'custom', path: ['MASTER_KEYS'], message: HOW_TO_MAKE_A_KEY });
    return z.NEVER;
  });

const NEEDED_WITH_KEY_SET =
  'is needed with JWT_JWKS_URL: an identity provider signs tokens for other services with the same keys';

export const callers = z
  .object({
    API_KEY_PREFIX: z
      .string()
      .regex(/^[a-z]{2,8}$/, 'must be 2 to 8 lower-case letters')
      .default('dra'),
    JWT_PUBLIC_KEY_FILE: z.string().optional(),
    JWT_JWKS_URL: keySetUrl.optional(),
    JWT_ISSUER: z.string().optional(),
    JWT_AUDIENCE: z.string().optional(),
    JWT_WORKSPACE_CLAIM: z.string().default('sub'),
  })
  .superRefine((env, context) => {
    if (env.JWT_JWKS_URL === undefined) return;
    for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const)
      if (env[name] === undefined) context.addIssue({ code: 'custom', path: [name], message: NEEDED_WITH_KEY_SET });
  })
  .transform((env) => ({
    apiKeyPrefix: env.API_KEY_PREFIX,
    jwt: {
      /** A file with the ES256 public key as a JWK. Without it and without `jwksUrl` no dashboard JWT is accepted. */
      publicKeyFile: env.JWT_PUBLIC_KEY_FILE,
      /** Where an identity provider publishes its keys (RFC 7517). */
      jwksUrl: env.JWT_JWKS_URL,
      issuer: env.JWT_ISSUER ?? 'evergrant',
      audience: env.JWT_AUDIENCE ?? 'evergrant',
      workspaceClaim: env.JWT_WORKSPACE_CLAIM,
    },
  }));

export const worker = z
  .object({ WORKER_CONCURRENCY: wholeNumber(1, 200).default(100) })
  .transform((env) => ({ concurrency: env.WORKER_CONCURRENCY }));

export const metrics = z
  .object({
    METRICS_TOKEN: z.string().min(16, 'must be at least 16 characters').optional(),
    METRICS_TOKEN_FILE: z.string().optional(),
    METRICS_PORT: port.optional(),
  })
  .transform((env) => ({
    /** Required as a bearer token on the metrics endpoint; without it the endpoint needs no credential. */
    token: env.METRICS_TOKEN ? new Secret(env.METRICS_TOKEN) : undefined,
    /** The port on which a worker serves metrics and health; without it the worker serves none. */
    port: env.METRICS_PORT,
  }));

export const retention = z
  .object({ EVENTS_RETENTION_DAYS: wholeNumber(1, 3_650).default(400) })
  /** Days that the history of accounts is kept. */
  .transform((env) => ({ eventDays: env.EVENTS_RETENTION_DAYS }));

export const seed = z
  .object({ SEED_TEST_API_KEY: z.string().optional() })
  /** The test key of an earlier start; kept while it is valid. */
  .transform((env) => ({
    testApiKey: env.SEED_TEST_API_KEY === undefined ? undefined : new Secret(env.SEED_TEST_API_KEY),
  }));

/** Deliveries of events to the URLs of tenants. */
export const webhooks = z
  .object({
    /** Addresses or CIDR ranges that webhooks may reach although they are not public, comma separated. */
    WEBHOOK_ALLOW_CIDRS: proxies.default([]),
    /** Scales every wait of deliveries and pauses. */
    WEBHOOK_RETRY_SCALE: z.coerce
      .number('must be a number')
      .min(0.0001, 'must be at least 0.0001')
      .max(1, 'must be at most 1')
      .default(1),
    /** `off`: events are recorded and queued, and sent when it is `on` again. */
    WEBHOOK_DELIVERY: z.enum(['on', 'off'], { error: 'must be on or off' }).default('on'),
  })
  .transform((env) => ({
    allowCidrs: env.WEBHOOK_ALLOW_CIDRS,
    retryScale: env.WEBHOOK_RETRY_SCALE,
    isOn: env.WEBHOOK_DELIVERY === 'on',
  }));
