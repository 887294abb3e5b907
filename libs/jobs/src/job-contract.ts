import { type JobsOptions } from 'bullmq';
import { type z } from 'zod';
import { seconds } from '#config';
import { currentTraceparent } from '#observability';
import { JobPayloadError } from './jobs.errors.js';

/** The agreement between the producer and the handler of a job. The queue stores the payload unencrypted: it has ids only. */
export interface JobContract<Payload extends object = object> {
  /** A dotted name, not a class name: a class may be renamed while a job with this name waits in a queue. */
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  /** Maximum number of runs when each run fails with a temporary error. */
  readonly attempts: number;
  /** Starts only where no job of another kind waits. */
  readonly isBackground: boolean;
  /** At most one job of an identity waits or runs at a time; `undefined`: no job excludes another. */
  identity(payload: Payload): string | undefined;
}

export type PayloadOf<Contract> = Contract extends JobContract<infer Payload> ? Payload : never;

export interface JobDefinition<Shape extends z.ZodRawShape> {
  name: string;
  payload: z.ZodObject<Shape>;
  attempts: number;
  isBackground?: true;
  identity?: (payload: z.output<z.ZodObject<Shape>>) => string;
}

const NAME = /^[a-z]+(\.[a-z]+)+$/;
const RETRY_DELAY = seconds(1);
/** BullMQ takes a job with any priority after all jobs without one. */
const BACKGROUND = 1;

/** Makes a contract. The payload schema is strict: a field that it does not name cannot enter the queue. */
export function defineJob<Shape extends z.ZodRawShape>(
  definition: JobDefinition<Shape>,
): JobContract<z.output<z.ZodObject<Shape>>> {
  const { name, payload, attempts, isBackground = false, identity } = definition;
  if (!NAME.test(name))
    throw new TypeError(`A job's name is dotted lower-case words like grant.refresh, not "${name}".`);
  return Object.freeze({
    name,
    payload: payload.strict(),
    attempts,
    isBackground,
    identity: (given: z.output<z.ZodObject<Shape>>) => identity?.(given),
  });
}

/** The payload in the form of the contract, or a JobPayloadError that names the fields and repeats no value. */
export function parsePayload<Payload extends object>(contract: JobContract<Payload>, given: unknown): Payload {
  const result = contract.payload.safeParse(given);
  if (result.success) return result.data;
  throw new JobPayloadError(contract.name, result.error.issues);
}

/**
 * BullMQ's options for a job of this contract. The queue removes finished jobs at once, successful or not: the service's own
 * tables hold the history, and limits by age or count cost PostgreSQL several times the throughput. The `traceparent` of the
 * caller goes with the options, so that the payload has ids only.
 */
export function jobOptions(contract: JobContract): JobsOptions {
  const traceparent = currentTraceparent();
  return {
    attempts: contract.attempts,
    ...(contract.isBackground && { priority: BACKGROUND }),
    backoff: { type: 'exponential', delay: RETRY_DELAY, jitter: 0.5 },
    removeOnComplete: true,
    removeOnFail: true,
    stackTraceLimit: 0,
    ...(traceparent !== undefined && { telemetry: { metadata: traceparent } }),
  };
}

/** The id under which the queue refuses a second job of one identity. BullMQ allows no colon in an id. */
export function jobId<Payload extends object>(contract: JobContract<Payload>, payload: Payload): string | undefined {
  const identity = contract.identity(payload);
  return identity === undefined ? undefined : `${contract.name}-${identity}`;
}
