import { z } from 'zod';
import { Secret } from '#observability';
import type { AppCheckOutcome } from '#providers';
import type { CodeOutcome, RefreshOutcome } from './token-exchange.js';

/** Text on the wire, a `Secret` on both sides of it. */
const secret = z.codec(z.string().min(1), z.instanceof(Secret) as z.ZodType<Secret, Secret>, {
  decode: (text) => new Secret(text),
  encode: (closed) => closed.reveal(),
});
const seconds = z.number().nonnegative();

/** A line to the exchanger, and the line back: replies come as they are ready, and the id names their call. */
export const callMessage = z.object({
  id: z.number(),
  call: z.string(),
  input: z.unknown().optional(),
  /** The `traceparent` of the caller; a release before ignores it. */
  trace: z.string().optional(),
});
export const replyMessage = z.object({
  id: z.number(),
  outcome: z.unknown().optional(),
  /** `draining`, `full`: nothing was done, and a later call makes sense. */
  error: z.enum(['draining', 'full', 'invalid', 'failed']).optional(),
});
export type Reply = z.output<typeof replyMessage>;

/**
 * A call and its outcome. Both sides use the same schema: the sender encodes with it, which picks exactly the fields of the
 * wire and throws where one is missing or wrong; the receiver decodes with it. Unknown fields are dropped on both sides,
 * because the two processes may be of two releases: a later release may add a field that has a default, and never adds a
 * field that an earlier one must understand.
 */
export interface WireCall<Input, Outcome> {
  name: string;
  input: z.ZodType<Input>;
  outcome: z.ZodType<Outcome>;
}

interface RefreshInput {
  grantId: string;
  forced: boolean;
  /** `maxWait` of the options. The wire keeps the name of the first release. */
  patience: number;
}

export const refreshCall: WireCall<RefreshInput, RefreshOutcome> = {
  name: 'refresh',
  input: z.object({ grantId: z.uuid(), forced: z.boolean(), patience: z.number().int().nonnegative() }),
  outcome: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['refreshed', 'fresh', 'nothing_to_do', 'not_refreshable', 'refused']) }),
    z.object({ kind: z.literal('unavailable'), retryAfter: seconds, isSealBroken: z.boolean().optional() }),
    z.object({ kind: z.literal('app_paused'), retryAfter: seconds }),
  ]),
};

const failure = z.object({
  class: z.enum(['temporary', 'app', 'permanent', 'owner', 'permission']),
  reason: z.string(),
  code: z.string(),
  retryAfter: seconds.optional(),
});

export const codeCall: WireCall<{ attemptId: string; code: Secret }, CodeOutcome> = {
  name: 'exchange-code',
  input: z.object({ attemptId: z.uuid(), code: secret }),
  outcome: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['exchanged', 'lost', 'unreachable']) }),
    z.object({ kind: z.literal('refused'), failure }),
  ]),
};

export const revokeCall: WireCall<{ revocationId: string }, { revoked: boolean }> = {
  name: 'revoke',
  input: z.object({ revocationId: z.uuid() }),
  outcome: z.object({ revoked: z.boolean() }),
};

/** An exchanger of the release before replies `invalid` to it. */
export const checkAppCall: WireCall<{ appId: string }, AppCheckOutcome> = {
  name: 'check-app',
  input: z.object({ appId: z.uuid() }),
  outcome: z.discriminatedUnion('status', [
    z.object({ status: z.literal('accepted') }),
    z.object({ status: z.literal('refused'), failure }),
    z.object({ status: z.literal('unknown'), code: z.string(), retry: z.literal(true).optional() }),
  ]),
};

export const exchangerHealth = z.object({
  status: z.enum(['ok', 'draining']),
  inProgress: z.number(),
  /** False: there is no space for an exchange's records, and nothing is sent. */
  journalWritable: z.boolean(),
  /** False: the journal goes with the container, and with it what was not stored yet. */
  journalLasts: z.boolean(),
});
export type ExchangerHealth = z.output<typeof exchangerHealth>;

export const exchangerMetrics = z.string();
