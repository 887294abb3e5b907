import { applyDecorators, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { MAX_CALL_BYTES } from '#accounts';
import { CodedError } from '#observability';

declare module 'fastify' {
  interface FastifyContextConfig {
    passThrough?: true;
  }
}

const STREAM = 'application/vnd.evergrant.stream';
export const PASS_THROUGH_KEY = 'evergrant:pass-through';

/** A route that hands on query and body as they came: the body is a stream, whatever its type, and larger than elsewhere. */
export const PassThrough = (): MethodDecorator =>
  applyDecorators(RouteConfig({ passThrough: true }), SetMetadata(PASS_THROUGH_KEY, true));

/** Whether a request is for a PassThrough route, by its path alone: it is called before any route is known. */
export const takesLargeBody = ({ url = '' }: IncomingMessage): boolean => /^\/v1\/accounts\/[^/?#]+\/proxy\//.test(url);

const isPassThrough = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.passThrough === true;

/** Registers the parser of PassThrough routes, which leaves the body unread. The type as it came is in the raw headers. */
export function streamBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (isPassThrough(request)) request.headers['content-type'] = STREAM;
    done();
  });
  fastify.addContentTypeParser(STREAM, (request, payload, done) => {
    if (isPassThrough(request)) done(null, payload);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(STREAM));
  });
}

/** The body of such a request with the header that frames it; undefined without a body. Throws body.too_large. */
export function streamedBody(
  request: FastifyRequest,
): { bytes: Readable; framing: Record<string, string> } | undefined {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (request.method === 'GET') return undefined;
  if (coding !== undefined && !/^chunked$/i.test(coding)) throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(STREAM);
  if (coding !== undefined) return { bytes: request.raw, framing: { 'transfer-encoding': 'chunked' } };
  if (length === undefined) return undefined;
  if (Number(length) > MAX_CALL_BYTES)
    throw new CodedError('body.too_large', `The body is larger than ${MAX_CALL_BYTES} bytes.`);
  return { bytes: request.raw, framing: { 'content-length': length } };
}
