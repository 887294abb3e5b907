import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { core } from 'zod';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** An error of the control API as RFC 9457 has it, naming the fields it is about. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail);
  }
}

export function invalid(issues: readonly core.$ZodIssue[]): Problem {
  const errors = issues.flatMap(fieldsOf);
  return new Problem(400, 'Bad Request', `Not allowed: ${errors.map(({ field }) => field).join(', ')}.`, errors);
}

function fieldsOf(issue: core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  const names = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
  return names.map((name) => ({ field: name.join('.') || 'body', message: issue.message }));
}

export function sendProblem(
  error: FastifyError | Problem,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const status = error instanceof Problem ? error.status : (error.statusCode ?? 500);
  const title = error instanceof Problem ? error.title : status < 500 ? 'Bad Request' : 'Internal Server Error';
  const detail = status < 500 ? error.message : 'The sandbox failed; its log has the reason.';
  const errors = error instanceof Problem && error.errors.length > 0 ? { errors: error.errors } : {};
  const body = { type: 'about:blank', title, status, detail, ...errors };
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body));
}
