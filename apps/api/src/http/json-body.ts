import type { FastifyInstance } from 'fastify';

/** JSON is the only body we read. A client that names the type and then sends nothing has sent no body. */
export function readJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    request.bodyText = body as string;
    if (body.length === 0) done(null, undefined);
    else void parse(request, body as string, done);
  });
}
