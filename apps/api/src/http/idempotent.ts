import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Tx } from '#persistence';
import type { ProblemCode } from './problem-codes.js';

/** Keeps the answer in the transaction of what it tells of, so that neither is there without the other. */
export type KeepAnswer = (tx: Tx, answer: unknown) => Promise<void>;

export interface Idempotency {
  /** The answer shows a secret: it is not kept, and a repeated request is told so. */
  holdsSecret?: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came, of requests with a JSON body. */
    bodyText?: string;
    keepAnswer?: KeepAnswer;
  }
}

export const IDEMPOTENT_KEY = 'evergrant:idempotent';

/** What a request with a key may be answered. */
export const IDEMPOTENCY_PROBLEMS: ProblemCode[] = [
  'validation.failed',
  'idempotency.key_reused',
  'idempotency.running',
];

const HEADER = {
  name: 'Idempotency-Key',
  required: false,
  description:
    '1 to 255 visible ASCII characters of your choice. Repeated with the same body within 24 hours, the request is not carried out again: you get its answer, with Idempotency-Replayed: true.',
  schema: { type: 'string' as const },
};

/** A POST that may be repeated under an `Idempotency-Key`. */
export const Idempotent = (options: Idempotency = {}): MethodDecorator =>
  applyDecorators(SetMetadata(IDEMPOTENT_KEY, options), ApiHeader(HEADER));

const keepNothing: KeepAnswer = () => Promise.resolve();

/** How the handler of such a POST has its answer kept; without a key there is nothing to keep. */
export const AnswerKeeper = createParamDecorator(
  (_: unknown, context: ExecutionContext): KeepAnswer =>
    context.switchToHttp().getRequest<FastifyRequest>().keepAnswer ?? keepNothing,
);
