import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Platform,
  type PublishEndpoint,
  type PublishRequest,
  Refusal,
  type SandboxDefinition,
  sandboxes,
  type SentBytes,
} from '#providers/sandbox';
import type { CallResult } from './record-call.js';
import { mountPath, onceOnly } from './requests.js';
import { runCall, type Sandbox } from './run-call.js';

/** The largest part that a platform takes at once, and the fields beside it. */
const MAX_PART_BYTES = 130 * 1024 * 1024;
const DIGEST_LENGTH = 12;

/** Serves the calls by which posts are published. Bodies are read whole and kept as digests alone. */
export async function mountPublishing(server: FastifyInstance, sandbox: Sandbox): Promise<void> {
  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    for (const definition of sandboxes) mountPlatform(scope, sandbox, definition);
    done();
  });
}

function mountPlatform(scope: FastifyInstance, sandbox: Sandbox, definition: SandboxDefinition): void {
  for (const endpoint of definition.publishing?.endpoints ?? []) {
    const handler = serve(sandbox, definition, endpoint);
    scope.route({ method: endpoint.method, url: mountPath(endpoint.url), bodyLimit: MAX_PART_BYTES, handler });
  }
}

const serve =
  (sandbox: Sandbox, definition: SandboxDefinition, endpoint: PublishEndpoint) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const read = await publishRequestOf(request);
    const step = endpoint.stepOf?.(read) ?? endpoint.step;
    const carryOut = (platform: Platform): CallResult => attempt(definition, endpoint, read, platform);
    return runCall(sandbox, { definition, endpoint: step, authorization: read.authorization, carryOut }, reply);
  };

function attempt(
  { publishing }: SandboxDefinition,
  endpoint: PublishEndpoint,
  request: PublishRequest,
  platform: Platform,
): CallResult {
  try {
    return { ...endpoint.handle(request, platform), outcome: 'ok' };
  } catch (error) {
    if (!(error instanceof Refusal) || !publishing) throw error;
    return { ...publishing.refuse(error), outcome: error.reason };
  }
}

async function publishRequestOf(request: FastifyRequest): Promise<PublishRequest> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
  const path = request.params as Record<string, string>;
  const { authorization } = request.headers;
  const parameters = { query: onceOnly(request.query), form: {}, path, headers };
  return { ...parameters, ...(authorization && { authorization }), ...(await readBody(request)) };
}

type Body = Pick<PublishRequest, 'fields' | 'files'>;

/** A body that cannot be read as what it claims to be has neither fields nor files. */
async function readBody({ body, headers }: FastifyRequest): Promise<Body> {
  if (!Buffer.isBuffer(body)) return { fields: {}, files: {} };
  const type = headers['content-type'] ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type))
    return { fields: Object.fromEntries(new URLSearchParams(body.toString())), files: {} };
  if (/^application\/json\b/i.test(type)) return { fields: readJson(body), files: {} };
  if (/^multipart\/form-data\b/i.test(type)) return readForm(body, type);
  return { fields: {}, files: { body: sentBytes(body) } };
}

function readJson(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return Object(value) === value && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function readForm(body: Buffer, type: string): Promise<Body> {
  const read: { fields: Record<string, unknown>; files: Record<string, SentBytes> } = { fields: {}, files: {} };
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- unwise for large bodies; the bytes of a test are few.
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    for (const [name, value] of form.entries()) {
      if (typeof value === 'string') read.fields[name] = value;
      else read.files[name] = sentBytes(Buffer.from(await value.arrayBuffer()));
    }
  } catch {
    return { fields: {}, files: {} };
  }
  return read;
}

const sentBytes = (bytes: Buffer): SentBytes => ({
  size: bytes.length,
  digest: createHash('sha256').update(bytes).digest('base64url').slice(0, DIGEST_LENGTH),
});
