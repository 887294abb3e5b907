/** Measures the duration of each part of a row. */
export class Stopwatch {
  readonly #began = Date.now();
  readonly #laps: string[] = [];
  #last = this.#began;

  /** Ends a part. */
  lap(name: string): void {
    const now = Date.now();
    this.#laps.push(`${inSeconds(now - this.#last)} s ${name}`);
    this.#last = now;
  }

  get laps(): string {
    return this.#laps.join(', ');
  }

  get seconds(): number {
    return inSeconds(Date.now() - this.#began);
  }
}

const inSeconds = (milliseconds: number): number => Math.round(milliseconds / 1_000);
