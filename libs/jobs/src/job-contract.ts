import { type z } from 'zod';
import { JobPayloadError } from './jobs.errors.js';

/** What the one who asks for a job and the one who does it agree on. The payload carries ids only: it lies open in the queue. */
export interface JobContract<Payload extends object = object> {
  /** A dotted name, not a class name: it outlives renamings, and waits in queues through deployments. */
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  /** How often it is run at most when it fails with an error that may pass. */
  readonly attempts: number;
  /** Two jobs of one identity do not wait or run side by side; `undefined`: each stands for itself. */
  identity(payload: Payload): string | undefined;
}

export type PayloadOf<Contract> = Contract extends JobContract<infer Payload> ? Payload : never;

export interface JobDefinition<Shape extends z.ZodRawShape> {
  name: string;
  payload: z.ZodObject<Shape>;
  attempts: number;
  identity?: (payload: z.output<z.ZodObject<Shape>>) => string;
}

const NAME = /^[a-z]+(\.[a-z]+)+$/;

/** Makes a contract; a field that its schema does not name is refused, so nothing slips into the queue unseen. */
export function defineJob<Shape extends z.ZodRawShape>(
  definition: JobDefinition<Shape>,
): JobContract<z.output<z.ZodObject<Shape>>> {
  const { name, payload, attempts, identity } = definition;
  if (!NAME.test(name))
    throw new TypeError(`A job's name is dotted lower-case words like grant.refresh, not "${name}".`);
  return Object.freeze({
    name,
    payload: payload.strict(),
    attempts,
    identity: (given: z.output<z.ZodObject<Shape>>) => identity?.(given),
  });
}

/** The payload as the contract has it, or a JobPayloadError that names the fields and repeats no value. */
export function parsePayload<Payload extends object>(contract: JobContract<Payload>, given: unknown): Payload {
  const result = contract.payload.safeParse(given);
  if (result.success) return result.data;
  throw new JobPayloadError(contract.name, result.error.issues);
}
