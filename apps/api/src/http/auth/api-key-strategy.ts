import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { FindApiKey } from '#accounts';
import type { ApiConfig } from '#config';
import { readApiKey } from '#crypto';
import { API_CONFIG } from '../../api-config.js';
import { BearerStrategy } from './bearer.js';
import { requestedEnvironment, type Caller, environmentContradiction } from './caller.js';

/** API keys: form and checksum are checked without a query, the rest by one query a request, so that a revocation takes effect at once. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(BearerStrategy, 'api-key') {
  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    private readonly findKey: FindApiKey,
  ) {
    super();
  }

  async validate(request: FastifyRequest, token: string): Promise<Caller | undefined> {
    const form = readApiKey(this.config.callers.apiKeyPrefix, token);
    if (!form) return undefined;
    const key = await this.findKey.execute(token);
    if (key?.tenant.environment !== form.environment) return undefined;
    const requested = requestedEnvironment(request);
    if (requested && requested !== form.environment) throw environmentContradiction(requested, form.environment);
    const { id, tenant, scopes, returnHosts, rateLimits } = key;
    return { tenant, kind: 'key', credential: `key:${id}`, keyId: id, scopes, roles: [], returnHosts, rateLimits };
  }
}
