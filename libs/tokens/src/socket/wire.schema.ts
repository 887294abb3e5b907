import { z } from 'zod';
import { Secret } from '#observability';
import type { CodeOutcome, RefreshOutcome, RevocableTokens } from '../token-exchange.js';

const secret = z.string().min(1).transform((text) => new Secret(text));
const seconds = z.number().nonnegative();

/** A line to the exchanger, and the line back: replies come as they are ready, and the id says to what. */
export const callMessage = z.object({ id: z.number(), call: z.string(), input: z.unknown().optional() });
export const replyMessage = z.object({
  id: z.number(),
  outcome: z.unknown().optional(),
  /** `draining`, `full`: nothing was done, and asking later makes sense. */
  error: z.enum(['draining', 'full', 'invalid', 'failed']).optional(),
});
export type Reply = z.output<typeof replyMessage>;

/** What callers send. Secrets are closed as soon as they are read. */
export const refreshCall = z.strictObject({ grantId: z.uuid(), forced: z.boolean(), patience: z.number().int().nonnegative() });
export const codeCall = z.strictObject({ attemptId: z.uuid(), code: secret });
export const revokeCall: z.ZodType<{ tokens: RevocableTokens }> = z.strictObject({
  tokens: z.strictObject({
    provider: z.string().min(1),
    environment: z.enum(['test', 'live']),
    oauthAppId: z.uuid(),
    platformUserId: z.string().min(1),
    accessToken: secret,
    refreshToken: secret.nullable(),
  }),
});

/** What they are answered: a process of another version is noticed here, not by what it does to an account. */
export const refreshOutcome: z.ZodType<RefreshOutcome> = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['refreshed', 'fresh', 'nothing_to_do', 'not_refreshable', 'refused']) }),
  z.object({ kind: z.enum(['unavailable', 'app_paused']), retryAfter: seconds }),
]);

const failure = z.object({
  class: z.enum(['temporary', 'app', 'permanent', 'owner', 'permission']),
  reason: z.string(),
  code: z.string(),
  retryAfter: seconds.optional(),
});
export const codeOutcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['exchanged', 'lost', 'unreachable']) }),
  z.object({ kind: z.literal('refused'), failure }),
]) as z.ZodType<CodeOutcome>;

export const revokeOutcome = z.object({ revoked: z.boolean() });

export const exchangerHealth = z.object({
  status: z.enum(['ok', 'draining']),
  inProgress: z.number(),
  /** False: there is no room for an exchange's records, and nothing is sent. */
  journalWritable: z.boolean(),
  /** False: the journal goes with the container, and with it what was not stored yet. */
  journalLasts: z.boolean(),
});
export type ExchangerHealth = z.output<typeof exchangerHealth>;

export const exchangerMetrics = z.string();
