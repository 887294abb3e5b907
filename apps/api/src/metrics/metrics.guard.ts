import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ApiConfig } from '#config';
import { carriesToken } from '#crypto';
import { CodedError } from '#observability';
import { API_CONFIG } from '../api-config.js';

/** Requires METRICS_TOKEN. In production nothing is served without one: the port of the API is a public one. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(@Inject(API_CONFIG) private readonly config: ApiConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const {
      metrics: { token },
      process: { production },
    } = this.config;
    if (!token && production) throw new CodedError('route.not_found', 'The metrics are off: METRICS_TOKEN is not set.');
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!token || carriesToken(headers.authorization, token)) return true;
    throw new CodedError('credential.invalid', 'The metrics require METRICS_TOKEN, as Authorization: Bearer.');
  }
}
