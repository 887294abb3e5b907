import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  type FactoryProvider,
  Inject,
  Injectable,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ApiConfig, seconds } from '#config';
import { openRateCounter, RateCounter } from '#jobs';
import { CodedError, type Logger, LOGGER } from '#observability';
import { Database } from '#persistence';
import { API_CONFIG } from '../api-config.js';
import { AddressCounts, rateLimitHeaders, type Usage, WINDOW_SECONDS } from './address-counts.js';
import { addressOf, limitedAs } from './client-address.js';
import { problemOf, sendProblemOrPage } from './problem.js';

/** The cost of a request: `read` (GET), `write` (small changes), `heavy` (calls a platform). */
export type RateClassName = 'read' | 'write' | 'heavy';

const RATE_CLASS_KEY = 'evergrant:rate-class';

/** The class of a route, where it does not follow from the method. */
export const RateClass = (name: RateClassName): MethodDecorator =>
  applyDecorators(SetMetadata(RATE_CLASS_KEY, name), ApiExtension('x-rate-class', name));

const UNLIMITED_KEY = 'evergrant:unlimited';

/** Routes without a limit by address: a supervisor calls them before it ends a process. */
export const Unlimited = (): ClassDecorator =>
  applyDecorators(SetMetadata(UNLIMITED_KEY, true), ApiExtension('x-rate-class', 'none'));

/** Requests a minute, where the key has no limits of its own. */
const DEFAULT_LIMITS: Record<RateClassName, number> = { read: 1_200, write: 600, heavy: 60 };

/** One count for all API processes, in the store of the queue; a process takes points of it in advance. */
export const rateCounter: FactoryProvider<RateCounter> = {
  provide: RateCounter,
  inject: [API_CONFIG, Database, LOGGER],
  useFactory: (config: ApiConfig, { pool }: Database, logger: Logger) =>
    openRateCounter({
      pool,
      redisUrl: config.queue.redisUrl,
      window: seconds(WINDOW_SECONDS),
      logger,
      mostWaiting: config.database.waiting,
    }),
};

const wholeSeconds = (milliseconds: number): number => Math.min(WINDOW_SECONDS, Math.ceil(milliseconds / 1_000));

/** Counts requests without a credential by client address, in all API processes together. */
@Injectable()
export class AddressLimit {
  constructor(
    @Inject(RateCounter) private readonly counter: RateCounter,
    @Inject(AddressCounts) private readonly counts: AddressCounts,
  ) {}

  /** Sets the headers of the limit in any case, then throws `rate_limit.exceeded` above it. */
  async countRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const usage = await this.#count(limitedAs(addressOf(request)));
    const { used, limit, resetAfter } = usage;
    reply.headers(rateLimitHeaders(usage));
    if (used <= limit) return;
    const sentence = `Too many requests without a credential from this address; try again in ${resetAfter} seconds.`;
    throw new CodedError('rate_limit.exceeded', sentence, { retryAfter: resetAfter });
  }

  async #count(client: string): Promise<Usage> {
    if (this.counts.isOver(client)) return this.counts.usageOf(client);
    return this.counts.record(client, await this.counter.count(`address:${client}:public`, this.counts.limit));
  }
}

/** Counts each request of a credential in its class, and each request without one by address. */
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
    if (!caller) return this.#countByAddress(context);
    const named = this.reflector.get<RateClassName | undefined>(RATE_CLASS_KEY, context.getHandler());
    const name = named ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');
    const limit = caller.rateLimits?.[name] ?? DEFAULT_LIMITS[name];
    const { used, resetIn } = await this.counter.count(`${caller.credential}:${name}`, limit);
    const resetAfter = wholeSeconds(resetIn);
    http.getResponse<FastifyReply>().headers(rateLimitHeaders({ name, limit, used, resetAfter }));
    if (used <= limit) return true;
    const sentence = `Too many requests of the class ${name}; try again in ${resetAfter} seconds.`;
    throw new CodedError('rate_limit.exceeded', sentence, { retryAfter: resetAfter });
  }

  async #countByAddress(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const isUnlimited = this.reflector.getAllAndOverride<boolean | undefined>(UNLIMITED_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isUnlimited !== true)
      await this.addresses.countRequest(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
    return true;
  }
}

const DOCUMENTS = /^(\/docs|\/v1\/openapi\.json$)/;

/** Limits the requests that no guard checks: the documentation, and paths without a route. */
export function limitUnguarded(fastify: FastifyInstance, addresses: AddressLimit): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404 && !DOCUMENTS.test(request.routeOptions.url ?? '')) return;
    try {
      await addresses.countRequest(request, reply);
    } catch (error) {
      sendProblemOrPage(request, reply, problemOf(error));
      return reply;
    }
  });
}
