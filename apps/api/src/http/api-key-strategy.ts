import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { ApiConfig } from '#config';
import { readApiKey } from '#crypto';
import { API_CONFIG } from '../api-config.js';
import { ApiKeyLookup } from '../api-keys/api-key-lookup.js';
import { BearerStrategy } from './bearer.js';
import type { Caller } from './caller.js';
import { askedEnvironment, contradiction } from './environment-header.js';

/** API keys: form and checksum are judged without a query, the rest by one look-up, so that a revoked key ends at once. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(BearerStrategy, 'api-key') {
  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    private readonly keys: ApiKeyLookup,
  ) {
    super();
  }

  async validate(request: FastifyRequest, token: string): Promise<Caller | undefined> {
    const form = readApiKey(this.config.callers.apiKeyPrefix, token);
    if (!form) return undefined;
    const caller = await this.keys.find(token);
    if (caller?.tenant.environment !== form.environment) return undefined;
    const asked = askedEnvironment(request);
    if (asked && asked !== form.environment) throw contradiction(asked, form.environment);
    return caller;
  }
}
