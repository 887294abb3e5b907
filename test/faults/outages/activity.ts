import { setImmediate as turn } from 'node:timers/promises';

/** Knows whether anything is going on that needs no time to pass: only then may the clock be turned. */
export class Activity {
  #busy = 0;
  #onRest: () => void = () => undefined;

  /** Counts until it ends. */
  async follow<Result>(work: Promise<Result>): Promise<Result> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      this.end();
    }
  }

  /** Something that goes on waits for time to pass, or for others. */
  async pause<Result>(waiting: Promise<Result>): Promise<Result> {
    this.end();
    try {
      return await waiting;
    } finally {
      this.#busy += 1;
    }
  }

  /** Resolves when all that is left waits. */
  async rest(): Promise<void> {
    await turn();
    while (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#onRest = resolve;
      });
      // Who was let through just now has not yet said so.
      await turn();
    }
  }

  private end(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#onRest();
  }
}
