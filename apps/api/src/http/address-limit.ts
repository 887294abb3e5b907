import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '#config';
import { RateCounter } from '#jobs';
import { CodedError } from '#observability';
import { API_CONFIG } from '../api-config.js';
import { addressOf, limitedAs } from './client-address.js';
import { problemOf } from './problem.js';
import { answer } from './problem.filter.js';
import { rateLimitHeaders, WINDOW_SECONDS } from './rate-limits.js';

/** Addresses that are remembered as over their limit; with more, the longest remembered are asked about again. */
const REMEMBERED = 10_000;

/** Counts requests without a credential by client address, in all API processes together. */
@Injectable()
export class AddressLimit {
  /** Until when an address is over its limit, on this process's monotonic clock: what is refused anyway costs no query. */
  readonly #over = new Map<string, number>();
  readonly #limit: number;

  constructor(
    @Inject(RateCounter) private readonly counter: RateCounter,
    @Inject(API_CONFIG) config: ApiConfig,
  ) {
    this.#limit = config.limits.publicPerMinute;
  }

  /** Throws rate_limit.exceeded; the answer's headers say what is left either way. */
  async take(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { used, resetAfter } = await this.#count(limitedAs(addressOf(request)));
    reply.headers(rateLimitHeaders({ name: 'public', limit: this.#limit, used, resetAfter }));
    if (used <= this.#limit) return;
    const sentence = `Too many requests without a credential from this address; try again in ${resetAfter} seconds.`;
    throw new CodedError('rate_limit.exceeded', sentence, { retryAfter: resetAfter });
  }

  async #count(client: string): Promise<{ used: number; resetAfter: number }> {
    const left = (this.#over.get(client) ?? 0) - performance.now();
    if (left > 0) return { used: this.#limit + 1, resetAfter: Math.ceil(left / 1_000) };
    this.#over.delete(client);
    const { used, resetIn } = await this.counter.count(`address:${client}:public`);
    if (used > this.#limit) this.#remember(client, resetIn);
    return { used, resetAfter: Math.min(WINDOW_SECONDS, Math.ceil(resetIn / 1_000)) };
  }

  #remember(client: string, resetIn: number): void {
    const [oldest] = this.#over.keys();
    if (oldest !== undefined && this.#over.size >= REMEMBERED) this.#over.delete(oldest);
    this.#over.set(client, performance.now() + resetIn);
  }
}

const DOCUMENTS = /^(\/docs|\/v1\/openapi\.json$)/;

/** Limits what no guard sees: the documentation, and paths that lead nowhere. */
export function limitUnguarded(fastify: FastifyInstance, addresses: AddressLimit): void {
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404 && !DOCUMENTS.test(request.routeOptions.url ?? '')) return;
    try {
      await addresses.take(request, reply);
    } catch (error) {
      answer(request, reply, problemOf(error));
      return reply;
    }
  });
}
