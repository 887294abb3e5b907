import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, LOGGER } from '#observability';
import { logProblem, problemOf } from '../http/problem.js';
import { setRetryAfter } from '../http/problem.view.js';
import { troublePage } from './pages.js';
import { sendPage } from './send-page.js';

/** In front of a browser a problem is a page: the person who reads it cannot read JSON. */
@Catch()
export class PageFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemOf(error);
    logProblem(this.logger, http.getRequest<FastifyRequest>(), problem, error);
    setRetryAfter(reply, problem);
    if (!reply.sent) sendPage(reply, problem.status, troublePage());
  }
}
