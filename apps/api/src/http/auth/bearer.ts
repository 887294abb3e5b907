import passport from 'passport';
import type { FastifyRequest } from 'fastify';

type Done = (error: unknown, caller?: unknown) => void;
type Verify = (request: FastifyRequest, token: string, done: Done) => void;

/** RFC 6750 2.1. Keys have 58 characters, tokens hundreds; 8,192 is half of Node's limit for all headers. */
const AUTHORIZATION = /^bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i;

/**
 * The credential of a request: from `Authorization: Bearer` and nowhere else. Node keeps the first of two such headers, and
 * a proxy may check the last, so a repeated one is no credential.
 */
export function bearerToken({ raw }: Pick<FastifyRequest, 'raw'>): string | undefined {
  const [value = '', ...more] = raw.headersDistinct.authorization ?? [];
  return more.length === 0 ? AUTHORIZATION.exec(value)?.[1] : undefined;
}

/** A strategy of Passport that reads a bearer credential and calls `verify` (RFC 6750 2.1). */
export class BearerStrategy extends passport.Strategy {
  constructor(private readonly verify: Verify) {
    super();
  }

  override authenticate(request: unknown): void {
    const credential = bearerToken(request as FastifyRequest);
    if (credential === undefined) {
      this.fail(401);
      return;
    }
    this.verify(request as FastifyRequest, credential, (error, caller) => {
      if (error) this.error(error);
      else if (caller) this.success(caller);
      else this.fail(401);
    });
  }
}
