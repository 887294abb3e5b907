import { AsyncResource } from 'node:async_hooks';
import DataLoader from 'dataloader';
import type { Pool } from 'pg';
import { isTracing } from '#observability';
import { databaseBusy } from './errors.js';

/** Milliseconds. A statement that takes longer does not hold up the keys behind it: they begin one of their own. */
const SLOW_AFTER = 25;
/** Keys of one statement. */
const MAX_KEYS = 500;

/**
 * Reads rows of several callers with one statement. Keys that arrive at the same moment share one, and so do those that arrive
 * while it runs: the next one has all of them. So a caller gets what was stored at some time after its call, as from a statement of its
 * own, and nothing is kept. An error of the database is that of all callers of the statement.
 */
export class Gathered<Key, Value> {
  readonly #loader: DataLoader<Key, Value>;
  /** As many as have a connection of the pool or may wait for one. */
  readonly #mostCallers: number;
  /** Of the statements that have not begun. */
  readonly #starts: (() => void)[] = [];
  #isScheduled = false;
  /** Statements that began a moment ago. */
  #running = 0;
  /** Callers that have no answer. */
  #unanswered = 0;

  /** `read` returns values in the order of the keys. */
  constructor(read: (keys: readonly Key[]) => Promise<readonly Value[]>, pool: Pool) {
    const { max, mostWaiting = Infinity }: { max: number; mostWaiting?: number } = pool.options;
    this.#mostCallers = max + mostWaiting;
    this.#loader = new DataLoader<Key, Value>((keys) => this.#run(() => read(keys)), {
      cache: false,
      maxBatchSize: MAX_KEYS,
      batchScheduleFn: (start) => {
        // A statement belongs into the span of its first caller.
        this.#starts.push(isTracing() ? AsyncResource.bind(start) : start);
        this.#schedule();
      },
    });
  }

  /** Throws `database.busy` where more callers wait than the pool allows. */
  async load(key: Key): Promise<Value> {
    if (this.#unanswered >= this.#mostCallers) throw databaseBusy();
    this.#unanswered += 1;
    try {
      return await this.#loader.load(key);
    } finally {
      this.#unanswered -= 1;
    }
  }

  /** After the requests that have arrived together with this one. */
  #schedule(): void {
    if (this.#isScheduled || this.#running > 0 || this.#starts.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#starts.shift()?.();
    });
  }

  async #run(read: () => Promise<readonly Value[]>): Promise<readonly Value[]> {
    this.#running += 1;
    let isCounted = true;
    const next = (): void => {
      if (!isCounted) return;
      isCounted = false;
      this.#running -= 1;
      this.#schedule();
    };
    const timer = setTimeout(next, SLOW_AFTER);
    try {
      return await read();
    } finally {
      clearTimeout(timer);
      next();
    }
  }
}
