/** What sums of fractions may be off by: less than a millisecond brings, so nobody waits for no time. */
const ROUNDING = 1e-6;

/** A token bucket whose rate may change over time; it never gives more than its size and what flowed in. */
export class Bucket {
  #level: number;
  #at: number;

  /** `inflow`: how many permits flow in between two moments. */
  constructor(
    private readonly size: number,
    private readonly inflow: (from: number, to: number) => number,
    now: number,
  ) {
    this.#level = size;
    this.#at = now;
  }

  empty(now: number): void {
    this.#level = 0;
    this.#at = now;
  }

  has(now: number): boolean {
    return this.missing(now) === 0;
  }

  take(now: number): void {
    this.#level = this.level(now) - 1;
  }

  /** How many permits are missing for one more. */
  missing(now: number): number {
    const missing = 1 - this.level(now);
    return missing > ROUNDING ? missing : 0;
  }

  private level(now: number): number {
    if (now > this.#at) {
      this.#level = Math.min(this.size, this.#level + this.inflow(this.#at, now));
      this.#at = now;
    }
    return this.#level;
  }
}
