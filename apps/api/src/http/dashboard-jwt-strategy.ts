import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { ApiConfig } from '#config';
import { API_CONFIG } from '../api-config.js';
import { EnsureWorkspace } from '../workspaces/ensure-workspace.js';
import type { Caller } from './caller.js';
import { readDashboardKey } from './dashboard-key.js';
import { askedEnvironment } from './environment-header.js';
import { workspaceName } from './fields.js';
import { DASHBOARD_SCOPES } from './scope.js';

type Claims = Record<string, unknown>;

/** Tokens of the dashboard: ES256 by our one public key, which the token must name; a token without an end is none. */
@Injectable()
export class DashboardJwtStrategy extends PassportStrategy(Strategy, 'dashboard-jwt') {
  readonly #claim: string;

  constructor(
    @Inject(API_CONFIG) config: ApiConfig,
    private readonly workspaces: EnsureWorkspace,
  ) {
    const { jwt } = config.callers;
    const key = readDashboardKey(jwt.publicKeyFile);
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: unknown, pem?: string) => void) => {
        const pem = key?.pemFor(token);
        if (pem) done(null, pem);
        else done(new Error('not a key of ours'));
      },
      algorithms: ['ES256'],
      issuer: jwt.issuer,
      audience: jwt.audience,
      passReqToCallback: true,
    });
    this.#claim = jwt.workspaceClaim;
  }

  async validate(request: FastifyRequest, claims: Claims): Promise<Caller | undefined> {
    const name = workspaceName.safeParse(claims[this.#claim]);
    if (typeof claims.exp !== 'number' || !name.success) return undefined;
    const environment = askedEnvironment(request) ?? 'live';
    const workspaceId = await this.workspaces.execute(name.data);
    return {
      tenant: { workspaceId, environment },
      kind: 'jwt',
      credential: `jwt:${workspaceId}`,
      scopes: DASHBOARD_SCOPES,
      roles: rolesOf(claims),
      rateLimits: null,
    };
  }
}

const rolesOf = ({ roles }: Claims): string[] =>
  Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
