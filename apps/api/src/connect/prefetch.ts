import type { FastifyRequest } from 'fastify';

const PURPOSES = /prefetch|prerender|preview/i;

/** Whether a request is a HEAD, a prefetch or a link preview, which must not spend a state. */
export function isPrefetch({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  if (method === 'HEAD') return true;
  return [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']].some((purpose) =>
    PURPOSES.test(String(purpose ?? '')),
  );
}
