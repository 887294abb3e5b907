import type { Duration } from '#config';
import { CodedError } from '#observability';

/** `used`: the uses of a key in this window. `resetIn`: milliseconds until the next window. */
export interface Count {
  used: number;
  resetIn: Duration;
}

/** Adds points to the count of a key in the shared store, and returns the new count. */
export type TakePoints = (key: string, points: number) => Promise<Count>;

/** A process takes at most this share of a limit in advance. */
const MAX_SHARE_IN_ADVANCE = 0.01;
/** With more keys than this, the points of the oldest one are given up. */
const MAX_KEYS = 10_000;

interface Waiting {
  resolve: (count: Count) => void;
  reject: (error: unknown) => void;
}

/** The points of one key: those up to `used` are spent, those up to `taken` are this process's own. */
interface KeyState {
  used: number;
  taken: number;
  endsAt: number;
  /** The points that this process has spent in this window. */
  spent: number;
  waiting: Waiting[];
  isTaking: boolean;
}

/**
 * Spends points of a shared count that this process took in advance, so that most requests cost no write in the store. Each
 * point has a number of its own in all processes: together they never admit more than the limit. A process takes as many points as
 * it has spent in this window, at most 1 % of the limit: that number may be left unspent in each of the other processes when one
 * refuses. A key with a limit below 200 is counted in the store for each request.
 */
export class PointBatches {
  readonly #keys = new Map<string, KeyState>();

  constructor(
    private readonly take: TakePoints,
    private readonly now: () => number = () => performance.now(),
    /** Uses that wait for the points of one key; a further one is refused at once. */
    private readonly mostWaiting = Infinity,
  ) {}

  /** Counts one more use. Above the limit the store is not read again in this window. Throws `database.busy`. */
  async count(key: string, limit: number): Promise<Count> {
    const state = this.#keys.get(key) ?? this.#add(key);
    const isRunning = state.endsAt > this.now();
    if (isRunning && state.used < state.taken && state.waiting.length === 0) return this.#spend(state);
    if (isRunning && state.taken > limit) return { used: state.taken, resetIn: state.endsAt - this.now() };
    if (state.waiting.length >= this.mostWaiting)
      throw new CodedError('database.busy', 'Too many requests wait for the database; try again in a second.', {
        retryAfter: 1,
      });
    return new Promise((resolve, reject) => {
      state.waiting.push({ resolve, reject });
      if (!state.isTaking) void this.#serve(key, limit, state);
    });
  }

  #add(key: string): KeyState {
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size >= MAX_KEYS) this.#keys.delete(oldest);
    const state = { used: 0, taken: 0, endsAt: 0, spent: 0, waiting: [], isTaking: false };
    this.#keys.set(key, state);
    return state;
  }

  #spend(state: KeyState): Count {
    state.used += 1;
    state.spent += 1;
    return { used: state.used, resetIn: Math.max(0, state.endsAt - this.now()) };
  }

  /** Requests that arrive while points are being taken share the next statement. */
  async #serve(key: string, limit: number, state: KeyState): Promise<void> {
    state.isTaking = true;
    while (state.waiting.length > 0) {
      const waiting = state.waiting.splice(0);
      try {
        await this.#refill(key, state, Math.max(waiting.length, this.#batchOf(state, limit)));
        for (const { resolve } of waiting) resolve(this.#spend(state));
        for (const { resolve } of state.waiting.splice(0, state.taken - state.used)) resolve(this.#spend(state));
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    state.isTaking = false;
  }

  #batchOf({ spent, endsAt }: KeyState, limit: number): number {
    const spentInWindow = endsAt > this.now() ? spent : 0;
    return Math.max(1, Math.min(spentInWindow, Math.floor(limit * MAX_SHARE_IN_ADVANCE)));
  }

  async #refill(key: string, state: KeyState, points: number): Promise<void> {
    const { used, resetIn } = await this.take(key, points);
    const now = this.now();
    if (state.endsAt <= now) state.spent = 0;
    state.used = used - points;
    state.taken = used;
    state.endsAt = now + resetIn;
  }
}
