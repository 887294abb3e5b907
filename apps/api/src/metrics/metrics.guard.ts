import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ApiConfig } from '#config';
import { carriesToken } from '#crypto';
import { CodedError } from '#observability';
import { API_CONFIG } from '../api-config.js';

/** Asks for METRICS_TOKEN where one is set. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(@Inject(API_CONFIG) private readonly config: ApiConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const { token } = this.config.metrics;
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!token || carriesToken(headers.authorization, token)) return true;
    throw new CodedError('credential.invalid', 'The metrics ask for METRICS_TOKEN, as Authorization: Bearer.');
  }
}
