import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Problem } from './problem.js';
import type { ProblemView } from './problem.schema.js';

/** A problem as RFC 9457 writes it. `type` says no more than the status does; `code` is what a client goes by. */
export function problemView(problem: Problem, requestId: string): ProblemView {
  return {
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    ...(problem.fields.length > 0 && { errors: problem.fields }),
  };
}

/** Says when asking again makes sense, where that is known: whole seconds, at least one. */
export function setRetryAfter(reply: FastifyReply, { retryAfter }: Problem): void {
  if (retryAfter !== undefined) reply.header('Retry-After', String(Math.max(1, Math.ceil(retryAfter))));
}

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
  setRetryAfter(reply, problem);
  const body = JSON.stringify(problemView(problem, reply.request.id));
  void reply
    .status(problem.status)
    .headers({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
    .send(body);
}
