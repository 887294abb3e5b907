import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { CodedError, type Logger, LOGGER } from '#observability';
import { idempotentRequest } from './idempotency-key.js';
import { IdempotencyKeys, type KeptAnswer } from './idempotency-keys.repository.js';
import { IDEMPOTENT_KEY, type Idempotency } from './idempotent.js';
import type { Problem } from './problem-codes.js';
import { problemOf } from './problem.js';

/** A request that runs under a key. */
interface Held {
  hold: string;
  request: FastifyRequest;
  status: number;
  holdsSecret: boolean;
}

/** Executes a request with an `Idempotency-Key` once; a repeated request gets the stored response. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: IdempotencyKeys,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const options = this.reflector.get<Idempotency | undefined>(IDEMPOTENT_KEY, context.getHandler());
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const named = options && !options.mintsState?.(request.body) && idempotentRequest(request);
    if (!named) return next.handle();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const claimed = await this.keys.claim(named);
    if ('kept' in claimed) return replay(claimed.kept, reply);
    const { holdsSecret = false } = options;
    return of(await this.#execute(next, { hold: claimed.hold, request, status: reply.statusCode, holdsSecret }));
  }

  async #execute(next: CallHandler, { hold, request, status, holdsSecret }: Held): Promise<unknown> {
    const progress: { kept?: { status: number; text: string | null } } = {};
    request.keepAnswer = async (tx, answer, given = status) => {
      const text = holdsSecret ? null : textOf(answer);
      await this.keys.keep(hold, given, text, tx);
      progress.kept = { status: given, text };
    };
    try {
      const answer: unknown = await lastValueFrom(next.handle());
      const text = holdsSecret ? null : textOf(answer);
      if (!progress.kept) await this.keys.keep(hold, status, text);
      else if (progress.kept.text !== text) await this.#replace(hold, progress.kept.status, text);
      return answer;
    } catch (error) {
      await this.#storeProblem(hold, problemOf(error));
      throw error;
    }
  }

  /** Replaces the stored answer by a later one. If that fails, the change and its first answer remain. */
  async #replace(hold: string, status: number, text: string | null): Promise<void> {
    try {
      await this.keys.keep(hold, status, text);
    } catch (error) {
      this.logger.warn({ err: error }, 'idempotency.answer_not_stored');
    }
  }

  /** A mistake of the client is stored like a success; a temporary failure is not, so that a repetition runs again. */
  async #storeProblem(hold: string, problem: Problem): Promise<void> {
    const { status, code } = problem;
    const isTemporary = status === 429 || status >= 500 || code === 'idempotency.running';
    try {
      await (isTemporary ? this.keys.release(hold) : this.keys.keep(hold, status, textOf(problem)));
    } catch (error) {
      this.logger.warn({ err: error }, 'idempotency.answer_not_stored');
    }
  }
}

const textOf = (answer: unknown): string => JSON.stringify(answer ?? null);

function replay({ status, answer }: KeptAnswer, reply: FastifyReply): Observable<unknown> {
  reply.header('Idempotency-Replayed', 'true');
  const kept: unknown = JSON.parse(answer);
  if (status < 400) {
    reply.status(status);
    return of(kept);
  }
  const { code, detail, fields, retryAfter } = kept as Problem;
  throw new CodedError(code, detail, { fields, ...(retryAfter !== undefined && { retryAfter }) });
}
