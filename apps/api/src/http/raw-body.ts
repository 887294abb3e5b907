import { RouteConfig } from '@nestjs/platform-fastify';
import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    rawBody?: true;
  }
}

const BYTES = 'application/octet-stream';

/** A route that reads its body as bytes for any content type, because signatures cover bytes. */
export const RawBody = (): MethodDecorator => RouteConfig({ rawBody: true });

/** Registers the parser for RawBody routes. Every other route refuses bodies that are not JSON. */
export function readRawBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (isRaw(request)) request.headers['content-type'] = BYTES;
    done();
  });
  fastify.addContentTypeParser(BYTES, { parseAs: 'buffer' }, (request, body, done) => {
    if (isRaw(request)) done(null, body);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(BYTES));
  });
}

const isRaw = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.rawBody === true;

/** The body of a RawBody route; empty without a body. */
export const bytesOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

/** The headers with one value: a repeated signature is ignored. */
export const headersOf = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
