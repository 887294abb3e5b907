import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';

/** Serves one route that takes multipart/form-data beside what all take. */
export function acceptMultipart(scope: FastifyInstance, route: RouteOptions): void {
  scope.register((own, _options, done) => {
    own.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, readMultipart);
    own.route(route);
    done();
  });
}

/** The texts by name, a list where a name came twice. A body that cannot be read, like any that is no form, counts as none. */
async function readMultipart(
  { headers }: FastifyRequest,
  body: string | Buffer,
): Promise<Record<string, unknown> | null> {
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- unwise for large bodies; those here are a hundred kilobytes at most.
    const form = await new Response(body, { headers: { 'content-type': headers['content-type'] ?? '' } }).formData();
    return Object.fromEntries([...form.keys()].map((name) => [name, onlyOrAll(form.getAll(name))]));
  } catch {
    return null;
  }
}

const onlyOrAll = (values: unknown[]): unknown => (values.length === 1 ? values[0] : values);
