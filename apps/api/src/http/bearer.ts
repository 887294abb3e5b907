import passport from 'passport';
import type { FastifyRequest } from 'fastify';

type Done = (error: unknown, caller?: unknown) => void;
type Verify = (request: FastifyRequest, token: string, done: Done) => void;

const AUTHORIZATION = /^bearer +([A-Za-z0-9._~+/=-]+)$/i;

/** The credential of a request: from `Authorization: Bearer` and nowhere else. */
export const bearerToken = (request: Pick<FastifyRequest, 'headers'>): string | undefined =>
  AUTHORIZATION.exec(request.headers.authorization ?? '')?.[1];

/** Passport's part of a bearer credential: finds it and leaves the judgement to `verify` (RFC 6750 2.1). */
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
