import { z } from 'zod';
import { days, hours, seconds } from '#config';
import { PUBLISH_STEPS, sandboxes } from '#providers/sandbox';

const provider = z.enum(sandboxes.map(({ name }) => name));
const endpoint = z.enum(['authorize', 'token', 'revoke', 'identity', 'profiles', 'probe', ...PUBLISH_STEPS]);
const clientId = z.string().min(1).max(500);
const LONGEST_LIFE = days(3_650);
const lifeInSeconds = (least: number): z.ZodType<number | undefined> =>
  z
    .int()
    .min(least)
    .max(LONGEST_LIFE / seconds(1))
    .transform(seconds)
    .optional();

/** What a platform has to call: the consent page, and its own endpoints. */
const endpointsOf = (name: string): string[] => {
  const { endpoints = [], publishing } = sandboxes.find((sandbox) => sandbox.name === name) ?? {};
  const steps = PUBLISH_STEPS.filter((step) => publishing?.endpoints.some((one) => one.step === step));
  return ['authorize', ...new Set(endpoints.map(({ endpoint }) => endpoint)), ...steps];
};

const quirksOf = (name: string): object => sandboxes.find((sandbox) => sandbox.name === name)?.quirks ?? {};

const pushOf = (name: string): object | undefined => sandboxes.find((sandbox) => sandbox.name === name)?.push;

/** `POST /_control/apps`: what is left out stays as it is. */
export const AppSettings = z
  .strictObject({
    provider,
    client_id: clientId,
    client_secret: z.string().min(1).max(2_048).optional(),
    redirect_uris: z.array(z.url().max(2_000)).min(1).max(10).optional(),
    access_ttl_seconds: lifeInSeconds(1),
    refresh_ttl_seconds: lifeInSeconds(1),
    grace_seconds: lifeInSeconds(0),
    rotation: z.boolean().optional(),
    family_revocation: z.boolean().optional(),
    quirks: z.array(z.string()).max(10).optional(),
    push_url: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional(),
  })
  .refine(({ provider: name, quirks = [] }) => quirks.every((quirk) => Object.hasOwn(quirksOf(name), quirk)), {
    path: ['quirks'],
    error: 'must be of those that docs/sandbox.md lists for this provider',
  })
  .refine(({ provider: name, push_url }) => push_url === undefined || pushOf(name) !== undefined, {
    path: ['push_url'],
    error: 'this platform sends no pushes',
  });

export const ClockTurn = z.strictObject({
  advance_seconds: z
    .int()
    .min(1)
    .max(LONGEST_LIFE / seconds(1))
    .transform(seconds),
});

const MAX_TIMES = 1_000_000;
const MAX_BASE64_LENGTH = 4 * 1024 * 1024;
/** Bytes of the request that plans a fault: the longest `body_base64`, and what stands beside it. */
export const MAX_FAULT_PLAN_BYTES = MAX_BASE64_LENGTH + 64 * 1024;

export const FaultPlan = z
  .strictObject({
    provider,
    endpoint,
    times: z.int().min(1).max(MAX_TIMES).default(1),
    status: z.int().min(200).max(599).optional(),
    when: z.enum(['before', 'after']).optional(),
    body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional(),
    body_base64: z.base64().max(MAX_BASE64_LENGTH).optional(),
    headers: z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/)).optional(),
    delay_ms: z.int().min(1).max(hours(1)).optional(),
    drip_ms: z.int().min(1).max(hours(1)).optional(),
    drop: z.union([z.boolean(), z.enum(['before', 'after'])]).optional(),
  })
  .refine(({ status, delay_ms, drip_ms, drop }) => (status ?? delay_ms ?? drip_ms) !== undefined || Boolean(drop), {
    path: ['status'],
    error: 'needs at least one of status, delay_ms, drip_ms and drop',
  })
  .refine(({ status, body }) => body === undefined || status !== undefined, { path: ['body'], error: 'needs a status' })
  .refine(({ status, when }) => when === undefined || status !== undefined, { path: ['when'], error: 'needs a status' })
  .refine(({ status, body_base64 }) => body_base64 === undefined || status !== undefined, {
    path: ['body_base64'],
    error: 'needs a status',
  })
  .refine(({ body, body_base64 }) => body === undefined || body_base64 === undefined, {
    path: ['body_base64'],
    error: 'is instead of body',
  })
  .superRefine(({ provider: name, endpoint }, context) => {
    const known = endpointsOf(name);
    if (known.includes(endpoint)) return;
    const message = `${name} has no endpoint ${endpoint}; it has ${known.join(', ')}`;
    context.addIssue({ code: 'custom', path: ['endpoint'], message });
  });

/** With `delete_data` the person also requests the deletion of the app's data, where the platform forwards that. */
export const Removal = z.strictObject({
  provider,
  client_id: clientId.optional(),
  delete_data: z.boolean().default(false),
});

const since = z.union([z.coerce.number().int().min(0), z.coerce.date()], {
  error: 'must be a seq or an ISO 8601 time',
});

/** Without `endpoint`: the calls that carry refresh tokens, which are token and revoke. */
export const CallQuery = z.strictObject({
  provider: provider.optional(),
  since: since.optional(),
  endpoint: z.enum([...endpoint.options, 'push', 'all']).optional(),
});

export const EffectQuery = z.strictObject({ provider: provider.optional() });
