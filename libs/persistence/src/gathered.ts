import { AsyncResource } from 'node:async_hooks';
import type { Pool } from 'pg';
import { isTracing } from '#observability';
import { databaseBusy } from './errors.js';

/** Milliseconds. A statement that takes longer does not hold up the keys behind it: they begin one of their own. */
const SLOW_AFTER = 25;
/** Keys of one statement. */
const MAX_KEYS = 500;

interface Waiting<Key, Value> {
  key: Key;
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
}

/**
 * Reads rows of several callers with one statement. Keys that arrive at the same moment share one, and so do those that arrive
 * while it runs: the next one has all of them. So a caller gets what was stored at some time after its call, as from a statement of its
 * own, and nothing is kept. An error of the database is that of all callers of the statement.
 */
export class Gathered<Key, Value> {
  #waiting: Waiting<Key, Value>[] = [];
  #isScheduled = false;
  /** Statements that began a moment ago. */
  #running = 0;
  /** Callers that have no answer. */
  #unanswered = 0;
  /** As many as have a connection of the pool or may wait for one. */
  readonly #mostCallers: number;

  constructor(
    /** Values in the order of the keys. */
    private readonly read: (keys: readonly Key[]) => Promise<readonly Value[]>,
    pool: Pool,
  ) {
    const { max, mostWaiting = Infinity }: { max: number; mostWaiting?: number } = pool.options;
    this.#mostCallers = max + mostWaiting;
  }

  /** Throws `database.busy` where more callers wait than the pool allows. */
  load(key: Key): Promise<Value> {
    if (this.#unanswered >= this.#mostCallers) return Promise.reject(databaseBusy());
    this.#unanswered += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      this.#schedule();
    });
  }

  /** After the requests that have arrived together with this one. */
  #schedule(): void {
    if (this.#isScheduled || this.#running > 0) return;
    this.#isScheduled = true;
    // A statement belongs into the span of its first caller.
    setImmediate(isTracing() ? AsyncResource.bind(this.#start) : this.#start);
  }

  readonly #start = (): void => {
    this.#isScheduled = false;
    const batch = this.#waiting.splice(0, MAX_KEYS);
    if (batch.length === 0) return;
    this.#running += 1;
    let isCounted = true;
    const next = (): void => {
      if (!isCounted) return;
      isCounted = false;
      this.#running -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    };
    const timer = setTimeout(next, SLOW_AFTER);
    void settle(batch, this.read).finally(() => {
      this.#unanswered -= batch.length;
      clearTimeout(timer);
      next();
    });
  };
}

async function settle<Key, Value>(
  batch: readonly Waiting<Key, Value>[],
  read: (keys: readonly Key[]) => Promise<readonly Value[]>,
): Promise<void> {
  try {
    const values = await read(batch.map(({ key }) => key));
    for (const [at, { resolve }] of batch.entries()) resolve(values[at] as Value);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
