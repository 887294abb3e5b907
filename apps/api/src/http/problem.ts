import { isNativeError } from 'node:util/types';
import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CodedError, codeOf, type FieldProblem, type Logger } from '#observability';
import { isDatabaseTrouble } from './database-trouble.js';
import { isProblemCode, PROBLEM_CODES, type ProblemCode } from './problem-codes.js';

/** What an error means to a caller of ours. */
export interface Problem {
  code: ProblemCode;
  status: number;
  detail: string;
  fields: FieldProblem[];
  /** Seconds. */
  retryAfter?: number | undefined;
}

const DATABASE_RETRY_SECONDS = 5;

/**
 * SQLSTATE of values that PostgreSQL cannot take: data exceptions (NUL in a text, a number out of range) and program limits
 * (an index entry that is too long). Validation should have named the field, so this is also logged as an error of ours.
 */
const REFUSED_VALUE = /^(22...|54000)$/;

/** Finds the meaning of anything that was thrown. What we do not know stays ours: 500, and no word of it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof CodedError && isProblemCode(error.code)) {
    return { ...known(error.code), detail: error.message, fields: error.fields, retryAfter: error.retryAfter };
  }
  const status = refusedWith(error);
  if (status !== undefined) return problemOfHttp(error, status);
  return problemOfTrouble(error);
}

function problemOfTrouble(error: unknown): Problem {
  if (isAborted(error)) return known('request.malformed');
  const code = codeOf(error);
  if (isProblemCode(code)) return known(code, DATABASE_RETRY_SECONDS);
  if (REFUSED_VALUE.test(code ?? '')) return known('value.refused');
  if (isDatabaseTrouble(error)) return known('database.unavailable', DATABASE_RETRY_SECONDS);
  return known('internal');
}

const CODE_OF_STATUS: Partial<Record<number, ProblemCode>> = {
  400: 'request.malformed',
  401: 'credential.invalid',
  404: 'route.not_found',
  405: 'method.not_allowed',
  413: 'body.too_large',
  415: 'body.unsupported',
};

/** A caller's mistake is the caller's business; what is ours to mend or to watch is logged. */
export function logProblem(logger: Logger, request: FastifyRequest, { status, code }: Problem, error: unknown): void {
  if (status === 500 || code === 'value.refused')
    logger.error({ err: error, requestId: request.id }, 'a request failed');
  else if (status > 500) logger.warn({ err: error, requestId: request.id, code }, 'not available');
}

/** Whether the client went away, or was sent away, before its body was whole. Node's code for it is that of a lost server. */
const isAborted = (error: unknown): boolean =>
  isNativeError(error) && error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET';

/** The status of a refusal by Nest or Fastify, which come before our code sees the request. */
function refusedWith(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || error.name !== 'FastifyError') return undefined;
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  return status < 500 ? status : undefined;
}

function problemOfHttp(error: unknown, status: number): Problem {
  const cause = error instanceof HttpException ? error.cause : error;
  if (status === 400 && (cause instanceof SyntaxError || codeOf(cause)?.startsWith('FST_ERR_CTP_')))
    return known('body.malformed');
  if (status >= 500) return known('internal');
  return known(CODE_OF_STATUS[status] ?? 'request.malformed');
}

function known(code: ProblemCode, retryAfter?: number): Problem {
  const [status, detail] = PROBLEM_CODES[code];
  return { code, status, detail, fields: [], retryAfter };
}
