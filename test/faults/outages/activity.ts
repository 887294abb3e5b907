import { setImmediate as turn } from 'node:timers/promises';

/** Counts the running work that does not wait for virtual time; the clock advances only when there is none. */
export class Activity {
  #busy = 0;
  #onRest: () => void = () => undefined;

  /** Counts the work until it ends. */
  async follow<Result>(work: Promise<Result>): Promise<Result> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      this.end();
    }
  }

  /** The work waits for virtual time or for other work, and does not count meanwhile. */
  async pause<Result>(waiting: Promise<Result>): Promise<Result> {
    this.end();
    try {
      return await waiting;
    } finally {
      this.#busy += 1;
    }
  }

  /** Resolves when all remaining work waits. */
  async rest(): Promise<void> {
    await turn();
    while (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#onRest = resolve;
      });
      // Work that was just admitted counts only after this turn.
      await turn();
    }
  }

  private end(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#onRest();
  }
}
