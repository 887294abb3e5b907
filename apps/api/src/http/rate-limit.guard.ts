import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateCounter } from '#jobs';
import { CodedError } from '#observability';
import { AddressLimit } from './address-limit.js';
import { RATE_CLASS_KEY, type RateClassName, UNLIMITED_KEY } from './rate-class.js';
import { DEFAULT_LIMITS, rateLimitHeaders, WINDOW_SECONDS } from './rate-limits.js';

/** Counts each request of a credential in its class, and those without one by address; says on every answer how much is left. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(RateCounter) private readonly counter: RateCounter,
    private readonly addresses: AddressLimit,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { caller, method } = http.getRequest<FastifyRequest>();
    if (!caller) return this.#withoutCredential(context);
    const named = this.reflector.get<RateClassName | undefined>(RATE_CLASS_KEY, context.getHandler());
    const name = named ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');
    const limit = caller.rateLimits?.[name] ?? DEFAULT_LIMITS[name];
    const { used, resetIn } = await this.counter.count(`${caller.credential}:${name}`);
    const resetAfter = Math.min(WINDOW_SECONDS, Math.ceil(resetIn / 1_000));
    http.getResponse<FastifyReply>().headers(rateLimitHeaders({ name, limit, used, resetAfter }));
    if (used <= limit) return true;
    const sentence = `Too many requests of the class ${name}; try again in ${resetAfter} seconds.`;
    throw new CodedError('rate_limit.exceeded', sentence, { retryAfter: resetAfter });
  }
  async #withoutCredential(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const isUnlimited = this.reflector.getAllAndOverride<boolean | undefined>(UNLIMITED_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isUnlimited !== true)
      await this.addresses.take(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    return true;
  }
}
