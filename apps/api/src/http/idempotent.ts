import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Tx } from '#persistence';
import type { ProblemCode } from './problem-codes.js';

/** Stores the answer in the transaction of the change, so that both exist or neither. `status`: default the one of the route. */
export type KeepAnswer = (tx: Tx, answer: unknown, status?: number) => Promise<void>;

export interface Idempotency {
  /** The response shows a secret: it is not stored, and a repeated request gets `idempotency.secret_shown_once`. */
  holdsSecret?: boolean;
  /** Bodies whose response has a fresh state: the key of such a request is ignored. */
  mintsState?: (body: unknown) => boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The JSON body as text. */
    bodyText?: string;
    keepAnswer?: KeepAnswer;
  }
}

export const IDEMPOTENT_KEY = 'evergrant:idempotent';

/** The problems of a request with a key. */
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
  schema: { type: 'string' as const, pattern: '^[\\x21-\\x7e]{1,255}$' },
};

/** A POST that may be repeated under an `Idempotency-Key`. */
export const Idempotent = (options: Idempotency = {}): MethodDecorator =>
  applyDecorators(SetMetadata(IDEMPOTENT_KEY, options), ApiHeader(HEADER));

const keepNothing: KeepAnswer = () => Promise.resolve();

/** The function that stores the response of such a POST; without a key it does nothing. */
export const AnswerKeeper = createParamDecorator(
  (_: unknown, context: ExecutionContext): KeepAnswer =>
    context.switchToHttp().getRequest<FastifyRequest>().keepAnswer ?? keepNothing,
);
