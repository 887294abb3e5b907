import { type DueRevocation, dueRevocations } from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';
import { tryRevocation } from './revoke-tokens.js';

/** Requests of one client at a platform at the same time, of one platform, and of requests by other processes. */
const MAX_PER_CLIENT = 20;
const MAX_PER_PLATFORM = 60;
const MAX_REQUESTED = 200;
/** Rows of one round: more than all lanes take, so that rows of full lanes hide no others. */
const MAX_ROWS_PER_ROUND = 1_000;

/**
 * The requests of stored revocations. A platform that does not answer holds its own places only: no request waits for one of another
 * platform or of another client.
 */
export class RevocationLanes {
  readonly #clients = new Map<string, number>();
  readonly #platforms = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  #requested = 0;
  #isReading = false;

  constructor(private readonly context: ExchangerContext) {}

  /** At once. False where it was not revoked, or where too many of these run: the next round finds it. */
  async try(id: string): Promise<boolean> {
    if (this.#requested >= MAX_REQUESTED) return false;
    this.#requested += 1;
    try {
      return await this.follow(tryRevocation(this.context, id));
    } finally {
      this.#requested -= 1;
    }
  }

  /** Starts each due revocation for which a place is free. */
  async tryDue(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      for (const due of await dueRevocations(this.context.pool, MAX_ROWS_PER_ROUND)) this.begin(due);
    } finally {
      this.#isReading = false;
    }
  }

  /** Resolves when the running requests have ended. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  private begin({ id, platform, client }: DueRevocation): void {
    if (sizeOf(this.#clients, client) >= MAX_PER_CLIENT) return;
    if (sizeOf(this.#platforms, platform) >= MAX_PER_PLATFORM) return;
    change(this.#clients, client, 1);
    change(this.#platforms, platform, 1);
    void this.follow(tryRevocation(this.context, id)).finally(() => {
      change(this.#clients, client, -1);
      change(this.#platforms, platform, -1);
    });
  }

  private follow(work: Promise<boolean>): Promise<boolean> {
    const followed = work.finally(() => this.#running.delete(followed));
    this.#running.add(followed);
    return followed;
  }
}

const sizeOf = (lanes: Map<string, number>, name: string): number => lanes.get(name) ?? 0;

function change(lanes: Map<string, number>, name: string, by: 1 | -1): void {
  const size = sizeOf(lanes, name) + by;
  if (size === 0) lanes.delete(name);
  else lanes.set(name, size);
}
