import { STATUS_CODES } from 'node:http';
import { isNativeError } from 'node:util/types';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CodedError, codeOf, type Logger, LOGGER } from '#observability';
import { idOf } from './fields.js';
import { accountIdOf, allowedMethods } from './hooks.js';
import { sendPage, acceptsPage } from './page.js';
import { isProblemCode, type Problem, PROBLEM_CODES, type ProblemCode } from './problem-codes.js';
import { problemPage } from './problem-page.js';
import { isOfProjectsSurface, projectsCodeOf, projectsProblemView } from './projects-problem.js';

/** The body of every error response (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('One sentence for a person.'),
    code: z.string().describe('Stable: what a program goes by.'),
    request_id: z.string().meta({ pattern: '^[A-Za-z0-9._-]{1,128}$' }),
    oldest_event_id: idOf('evt').optional().describe('With event.gone: the oldest event that is left.'),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export type ProblemView = z.output<typeof problemSchema>;

/** `type` contains no more than the status: a client distinguishes problems by `code`. */
export function problemView(problem: Problem, requestId: string): ProblemView {
  return {
    type: 'about:blank',
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
    ...(problem.details?.oldestEventId !== undefined && { oldest_event_id: problem.details.oldestEventId }),
    ...(problem.fields.length > 0 && { errors: problem.fields }),
  };
}

const DATABASE_RETRY_SECONDS = 5;

/**
 * SQLSTATE of values that PostgreSQL cannot store: data exceptions (NUL in a text, a number out of range) and program limits
 * (an index entry that is too long). Validation should have named the field, so this is also logged as an error.
 */
const REFUSED_VALUE = /^(22...|54000)$/;

/** The problem behind any thrown value. An unknown error becomes `internal`, and its text stays in the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof CodedError && isProblemCode(error.code)) {
    const { message, fields, details, retryAfter } = error;
    const given = Object.keys(details).length > 0 && { details };
    return { ...problemOfCode(error.code), detail: message, fields, ...given, retryAfter };
  }
  const status = frameworkStatus(error);
  if (status === undefined) return problemOfFailure(error);
  return problemOfPath(codeOf(error)) ?? problemOfStatus(error, status);
}

function problemOfFailure(error: unknown): Problem {
  if (isAborted(error)) return problemOfCode('request.malformed');
  const code = codeOf(error);
  if (isProblemCode(code)) return problemOfCode(code, DATABASE_RETRY_SECONDS);
  if (REFUSED_VALUE.test(code ?? '')) return problemOfCode('value.refused');
  if (isDatabaseFailure(error)) return problemOfCode('database.unavailable', DATABASE_RETRY_SECONDS);
  return problemOfCode('internal');
}

/** Whether the connection closed before the body was complete. Node uses the code of a lost server for it. */
const isAborted = (error: unknown): boolean =>
  isNativeError(error) && error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET';

const NETWORK_CODE = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** SQLSTATE classes of an unavailable server: connections, logins, missing database, resources, shutdown. */
const SERVER_UNAVAILABLE = /^(08|28|3D|53)...$|^57P0.$/;

/** The driver and its pool give these errors no code. */
const DRIVER_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error)/;

/** Whether the database failed and not the request, so that a later attempt can succeed. */
function isDatabaseFailure(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return NETWORK_CODE.test(code) || SERVER_UNAVAILABLE.test(code) || DRIVER_MESSAGE.test(error.message);
}

/** The status of an error of Nest or Fastify, which check a request before a controller runs. */
function frameworkStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (!(error instanceof Error) || error.name !== 'FastifyError') return undefined;
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  return status < 500 ? status : undefined;
}

const CODE_OF_STATUS: Partial<Record<number, ProblemCode>> = {
  400: 'request.malformed',
  401: 'credential.invalid',
  404: 'route.not_found',
  405: 'method.not_allowed',
  413: 'body.too_large',
  415: 'body.unsupported',
};

/** What the router refuses before a route has a chance to. */
const PATH_PROBLEMS: Partial<Record<string, string>> = {
  FST_ERR_BAD_URL: 'must be percent-encoded UTF-8',
  FST_ERR_MAX_PARAM_LENGTH: 'has a segment that is too long',
};

function problemOfPath(code = ''): Problem | undefined {
  const message = PATH_PROBLEMS[code];
  if (message === undefined) return undefined;
  return { ...problemOfCode('request.malformed'), detail: `path: ${message}.`, fields: [{ field: 'path', message }] };
}

function problemOfStatus(error: unknown, status: number): Problem {
  const cause = error instanceof HttpException ? error.cause : error;
  if (status === 400 && (cause instanceof SyntaxError || codeOf(cause)?.startsWith('FST_ERR_CTP_')))
    return problemOfCode('body.malformed');
  if (status >= 500) return problemOfCode('internal');
  return problemOfCode(CODE_OF_STATUS[status] ?? 'request.malformed');
}

export function problemOfCode(code: ProblemCode, retryAfter?: number): Problem {
  const [status, detail] = PROBLEM_CODES[code];
  return { code, status, detail, fields: [], retryAfter };
}

/** Sends every thrown error as a problem or, to a browser, as a page; logs those that the operator has to handle. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemOf(request.is404 ? this.#explainNoRoute(request, reply, error) : error);
    logProblem(this.logger, request, problem, error);
    if (!reply.sent) sendProblemOrPage(request, reply, problem);
  }

  /** A known path with another method is 405 with `Allow` (RFC 9110 15.5.6). */
  #explainNoRoute(request: FastifyRequest, reply: FastifyReply, error: unknown): unknown {
    // Fastify reads the body of a request without a route, too, and may refuse its type first: path and method decide.
    if (problemOf(error).status >= 500) return error;
    const methods = allowedMethods(request);
    // A folder of files has a route for all its paths, and no file at some of them.
    const isKnown = methods.length > 0 && !methods.includes(request.method);
    if (!isKnown) return new CodedError('route.not_found', PROBLEM_CODES['route.not_found'][1]);
    reply.header('Allow', methods.join(', '));
    return new CodedError('method.not_allowed', `This path takes ${methods.join(', ')}.`);
  }
}

/** Errors of the client are not logged here; the access log has their status. */
function logProblem(logger: Logger, request: FastifyRequest, { status, code }: Problem, error: unknown): void {
  const ids = { requestId: request.id, account: accountIdOf(request) };
  if (status === 500 || code === 'value.refused') logger.error({ err: error, ...ids }, 'request.failed');
  else if (status > 500) logger.warn({ err: error, ...ids, code }, 'request.unavailable');
}

/** A browser gets a page, because a person cannot read JSON. */
export function sendProblemOrPage(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  if (!acceptsPage(request)) {
    sendProblem(reply, problem);
    return;
  }
  setRetryAfter(reply, problem);
  sendPage(reply, problem.status, problemPage(problem.code));
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
  setRetryAfter(reply, problem);
  const { url, id } = reply.request;
  const { status, contentType, body } = contentOf(problem, { path: url, requestId: id });
  void reply.status(status).headers({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(body);
}

/** A problem in the form of the surface that its path belongs to; without a path, of the accounts surface. */
export function contentOf(
  problem: Problem,
  { path = '', requestId }: { path?: string | undefined; requestId: string },
): { status: number; contentType: string; body: string } {
  const [status, contentType, view] = isOfProjectsSurface(path)
    ? [projectsCodeOf(problem)[0], 'application/json', projectsProblemView(problem, requestId)]
    : [problem.status, 'application/problem+json', problemView(problem, requestId)];
  return { status, contentType, body: JSON.stringify(view) };
}

/** `Retry-After` in whole seconds, at least one, where the time is known. */
function setRetryAfter(reply: FastifyReply, { retryAfter }: Problem): void {
  if (retryAfter !== undefined) reply.header('Retry-After', String(Math.max(1, Math.ceil(retryAfter))));
}
