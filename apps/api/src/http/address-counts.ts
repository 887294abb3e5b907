import type { FastifyInstance } from 'fastify';
import { addressOf, limitedAs } from './client-address.js';

export const WINDOW_SECONDS = 60;

/** With more addresses than this, the oldest entry is dropped, and the store is read again. */
const MAX_KNOWN_ADDRESSES = 10_000;

export interface Usage {
  name: 'read' | 'write' | 'heavy' | 'public';
  limit: number;
  used: number;
  /** Seconds until the count starts again. */
  resetAfter: number;
}

/** The limit and what remains of it, in the form of draft-ietf-httpapi-ratelimit-headers-10. */
export const rateLimitHeaders = ({ name, limit, used, resetAfter }: Usage): Record<string, string> => ({
  'RateLimit-Policy': `"${name}";q=${limit};w=${WINDOW_SECONDS}`,
  RateLimit: `"${name}";r=${Math.max(0, limit - used)};t=${resetAfter}`,
});

/**
 * The last count of each client address that this process has made. It is in memory, because an answer that precedes the check
 * of a credential shows the count of its address and must cost no query.
 */
export class AddressCounts {
  readonly #known = new Map<string, { used: number; endsAt: number }>();

  constructor(
    readonly limit: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** `resetIn`: milliseconds until the next window. */
  record(client: string, { used, resetIn }: { used: number; resetIn: number }): Usage {
    this.#known.delete(client);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_KNOWN_ADDRESSES) this.#known.delete(oldest);
    this.#known.set(client, { used, endsAt: this.now() + resetIn });
    return this.usageOf(client);
  }

  /** Before the first count of a window nothing of it is used. */
  usageOf(client: string): Usage {
    const known = this.#known.get(client);
    const left = (known?.endsAt ?? 0) - this.now();
    const isRunning = known !== undefined && left > 0;
    return {
      name: 'public',
      limit: this.limit,
      used: isRunning ? known.used : 0,
      resetAfter: isRunning ? Math.min(WINDOW_SECONDS, Math.ceil(left / 1_000)) : WINDOW_SECONDS,
    };
  }

  /** Whether the address is over its limit: a refusal then costs no query. */
  isOver(client: string): boolean {
    const { used, limit } = this.usageOf(client);
    return used > limit;
  }

  /** The headers for an address as its socket or a proxy writes it. */
  headersFor(address: string): Record<string, string> {
    return rateLimitHeaders(this.usageOf(limitedAs(address)));
  }
}

/** The health checks, which are `@Unlimited`. */
const WITHOUT_LIMIT = /^\/health\//;

/** Every answer of a route with a limit shows one: that of the address, until a credential has been counted. */
export function showAddressLimits(fastify: FastifyInstance, counts: AddressCounts): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!WITHOUT_LIMIT.test(request.routeOptions.url ?? '')) reply.headers(counts.headersFor(addressOf(request)));
    done();
  });
}
