import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { errors, type JWTPayload } from 'jose';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { DASHBOARD_SCOPES, EnsureWorkspace, workspaceName } from '#accounts';
import type { ApiConfig } from '#config';
import { API_CONFIG } from '../../api-config.js';
import { bearerToken } from './bearer.js';
import { requestedEnvironment, type Caller } from './caller.js';
import { DashboardKeys } from './dashboard-keys.js';
import { tokenVerifier, type VerifyToken } from './dashboard-token.js';

type Done = (error: unknown, caller?: unknown) => void;
type Accept = (request: FastifyRequest, claims: JWTPayload, done: Done) => void;

const fromHeader = ExtractJwt.fromAuthHeaderAsBearerToken() as (request: unknown) => string | null;
/** passport-jwt's extractor ignores text after the token, so the header is checked more strictly first. */
const extract = (request: unknown): string | null =>
  bearerToken(request as FastifyRequest) === undefined ? null : fromHeader(request);
const unusedKeyProvider = (_request: unknown, _token: unknown, done: (error: Error) => void): void => {
  done(new Error('jose verifies'));
};

/** passport-jwt with `jose` in place of jsonwebtoken, which accepts unknown critical extensions and ignores `typ`. */
class JoseStrategy extends Strategy {
  constructor(
    private readonly verifyToken: VerifyToken,
    private readonly accept: Accept,
  ) {
    super({ jwtFromRequest: extract, secretOrKeyProvider: unusedKeyProvider, passReqToCallback: true }, accept);
  }

  override authenticate(request: unknown): void {
    const token = extract(request);
    if (token === null) {
      this.fail(401);
      return;
    }
    // Passport calls this on an object derived from the strategy for each request, which has no private methods.
    const end: Done = (error, caller) => {
      if (error) this.error(error as Error);
      else if (caller) this.success(caller);
      else this.fail(401);
    };
    this.verifyToken(token).then(
      (claims) => {
        this.accept(request as FastifyRequest, claims, end);
      },
      (error: unknown) => {
        end(error instanceof errors.JOSEError ? undefined : error);
      },
    );
  }
}

/** Dashboard tokens: signed with the configured public key or a key at the JWKS URL, with its `kid` in the header and `exp` in the claims. */
@Injectable()
export class DashboardJwtStrategy extends PassportStrategy(JoseStrategy, 'dashboard-jwt') {
  readonly #claim: string;

  constructor(
    @Inject(API_CONFIG) config: ApiConfig,
    keys: DashboardKeys,
    private readonly workspaces: EnsureWorkspace,
  ) {
    super(tokenVerifier(keys.rules));
    this.#claim = config.callers.jwt.workspaceClaim;
  }

  async validate(request: FastifyRequest, claims: JWTPayload): Promise<Caller | undefined> {
    const name = workspaceName.safeParse(claims[this.#claim]);
    if (!name.success) return undefined;
    const environment = requestedEnvironment(request) ?? 'live';
    const workspaceId = await this.workspaces.execute(name.data);
    return {
      tenant: { workspaceId, environment },
      kind: 'jwt',
      credential: `jwt:${workspaceId}`,
      scopes: DASHBOARD_SCOPES,
      roles: rolesOf(claims),
      returnHosts: [],
      rateLimits: null,
    };
  }
}

const rolesOf = ({ roles }: JWTPayload): string[] =>
  Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
