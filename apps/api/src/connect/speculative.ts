import type { FastifyRequest } from 'fastify';

const AHEAD = /prefetch|prerender|preview/i;

/** Whether somebody only looks (HEAD, prefetch, link preview) and nothing may be spent. */
export function isSpeculative({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  if (method === 'HEAD') return true;
  return [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']].some((purpose) =>
    AHEAD.test(String(purpose ?? '')),
  );
}
