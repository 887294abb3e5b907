import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError, type Logger, LOGGER } from '#observability';
import { sendPage, wantsPage } from './page.js';
import { logProblem, type Problem, problemOf } from './problem.js';
import { PROBLEM_CODES } from './problem-codes.js';
import { problemPage } from './problem-page.js';
import { sendProblem, setRetryAfter } from './problem.view.js';
import { allowedMethods } from './route-methods.js';

/** Makes a problem of everything that is thrown, in front of a browser a page; logs what is ours to mend. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemOf(request.is404 ? this.#unrouted(request, reply, error) : error);
    logProblem(this.logger, request, problem, error);
    if (!reply.sent) answer(request, reply, problem);
  }

  /**
   * The path and the method decide, not the body: Fastify reads the body of a request without a route too, and refuses some of
   * them for their type before it reports that there is no route.
   */
  #unrouted(request: FastifyRequest, reply: FastifyReply, error: unknown): unknown {
    if (problemOf(error).status >= 500) return error;
    const methods = allowedMethods(request);
    if (methods.length === 0) return new CodedError('route.not_found', PROBLEM_CODES['route.not_found'][1]);
    reply.header('Allow', methods.join(', '));
    return new CodedError('method.not_allowed', `This path takes ${methods.join(', ')}.`);
  }
}

/** The person in front of a browser cannot read JSON. */
export function answer(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (!wantsPage(request)) {
    sendProblem(reply, problem);
    return;
  }
  setRetryAfter(reply, problem);
  sendPage(reply, problem.status, problemPage(problem));
}
