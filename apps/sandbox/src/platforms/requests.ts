import type { FastifyRequest } from 'fastify';
import type { Parameters, SandboxRequest } from '#providers/sandbox';

/** The request as an imitation sees it. A body that is no form counts as none. */
export const sandboxRequestOf = (request: FastifyRequest): SandboxRequest => ({
  query: onceOnly(request.query),
  form: onceOnly(request.body),
  ...(request.headers.authorization && { authorization: request.headers.authorization }),
});

/** Without the parameters that were sent twice. */
export function onceOnly(parsed: unknown): Parameters {
  const parameters = Object.entries((parsed ?? {}) as Record<string, string | string[]>);
  return Object.fromEntries(parameters.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Where the sandbox serves a platform's URL: `https://api.example.com/token` as `/api.example.com/token`. */
export function mountPath(realUrl: string): string {
  const { host, pathname } = new URL(realUrl);
  return `/${host}${pathname}`;
}
