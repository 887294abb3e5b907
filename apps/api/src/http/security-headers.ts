import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** What a browser may do with an answer of ours. Strict enough for Swagger UI to work; our own pages are stricter. */
export function addSecurityHeaders(app: NestFastifyApplication, publicUrl: string): void {
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      directives: {
        upgradeInsecureRequests: null,
        frameAncestors: "'none'",
        fontSrc: "'self'",
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    // The callback may run in a window that the customer's page opened; cut off from it, that page could not tell the end.
    crossOriginOpenerPolicy: false,
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: publicUrl.startsWith('https:') && { includeSubDomains: false },
  });
}
