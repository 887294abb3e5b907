import { HttpException } from '@nestjs/common';
import { CodedError, codeOf, type FieldProblem } from '#observability';
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

/** Finds the meaning of anything that was thrown. What we do not know stays ours: 500, and no word of it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof CodedError && isProblemCode(error.code)) {
    return { ...known(error.code), detail: error.message, fields: error.fields, retryAfter: error.retryAfter };
  }
  if (error instanceof HttpException) return problemOfHttp(error);
  const code = codeOf(error);
  if (isProblemCode(code)) return known(code, DATABASE_RETRY_SECONDS);
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

/** The framework's own refusals: they come before our code sees the request. */
function problemOfHttp(error: HttpException): Problem {
  const malformedBody = codeOf(error.cause)?.startsWith('FST_ERR_CTP_INVALID_JSON') ?? error.cause instanceof SyntaxError;
  if (error.getStatus() === 400 && malformedBody) return known('body.malformed');
  return known(CODE_OF_STATUS[error.getStatus()] ?? 'internal');
}

function known(code: ProblemCode, retryAfter?: number): Problem {
  const [status, detail] = PROBLEM_CODES[code];
  return { code, status, detail, fields: [], retryAfter };
}
