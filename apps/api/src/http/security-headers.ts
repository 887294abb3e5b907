import type { FastifyInstance } from 'fastify';

/** Nothing of an answer may be run, loaded or framed. A page of ours names its style in a policy of its own. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What Swagger UI needs: its own scripts and styles, and styles in its elements. */
const SWAGGER = [
  "default-src 'self'",
  "base-uri 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "script-src 'self'",
  "script-src-attr 'none'",
  "style-src 'self' 'unsafe-inline'",
].join('; ');

const A_YEAR = 365 * 24 * 60 * 60;

/**
 * What a browser may do with an answer of ours, be it a page, a redirect, a problem or nothing. Cross-Origin-Opener-Policy is
 * not among them: the callback may run in a window that the customer's page opened, and that page must see how it ends.
 */
export const securityHeaders = (publicUrl: string): Record<string, string> => ({
  'Content-Security-Policy': NOTHING,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'DENY',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
  ...(publicUrl.startsWith('https:') && { 'Strict-Transport-Security': `max-age=${A_YEAR}` }),
});

/** Puts them on every answer that goes through Fastify; those of the parser and of the router get them where they are made. */
export function addSecurityHeaders(fastify: FastifyInstance, headers: Readonly<Record<string, string>>): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers({ ...headers });
    if (request.routeOptions.url?.startsWith('/docs')) reply.header('Content-Security-Policy', SWAGGER);
    done();
  });
}
