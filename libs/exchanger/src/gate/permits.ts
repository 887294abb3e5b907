import { minutes, seconds } from '#config';

const RAMP = minutes(5);
const FIRST_SHARE = 0.1;

export type Half = 'forced' | 'due';

const OTHER = { forced: 'due', due: 'forced' } as const;

/**
 * The request rate of one app: half for due work, half for forced refreshes. Each half may use the permits of the other one
 * while no request of the other kind waits, so neither starves the other and no permit is wasted.
 */
export class Permits {
  readonly #halves: Record<Half, Bucket>;
  #rampFrom: number | null = null;

  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    const size = Math.max(1, perSecond / 2);
    const inflow = (from: number, to: number): number => this.inflow(from, to);
    this.#halves = { forced: new Bucket(size, inflow, now), due: new Bucket(size, inflow, now) };
  }

  /** Starts at a tenth of the rate and grows to all of it, so that a platform that has just recovered is not overloaded again. */
  ramp(now: number): void {
    this.#rampFrom = now;
    for (const half of Object.values(this.#halves)) half.empty(now);
  }

  /** Takes one permit, if that half has one. `alone`: no request of the other kind waits. */
  take(half: Half, now: number, alone: boolean): boolean {
    const bucket = this.bucketFor(half, now, alone);
    bucket?.take(now);
    return bucket !== undefined;
  }

  has(half: Half, now: number, alone: boolean): boolean {
    return this.bucketFor(half, now, alone) !== undefined;
  }

  /** The earliest time of the next permit; during the ramp the permit may come earlier. */
  nextAt(now: number, half: Half, alone: boolean): number {
    const missing = [this.#halves[half], ...(alone ? [this.#halves[OTHER[half]]] : [])].map((bucket) =>
      bucket.missing(now),
    );
    return now + (Math.min(...missing) / this.rateAt(now)) * seconds(1);
  }

  /** Whether the ramp is over. */
  isSteady(now: number): boolean {
    return this.#rampFrom === null || now - this.#rampFrom >= RAMP;
  }

  private bucketFor(half: Half, now: number, alone: boolean): Bucket | undefined {
    const own = this.#halves[half];
    if (own.has(now)) return own;
    const other = this.#halves[OTHER[half]];
    return alone && other.has(now) ? other : undefined;
  }

  /** Within the ramp the rate grows linearly, so the inflow is the mean of both ends. */
  private inflow(from: number, to: number): number {
    const knee = this.#rampFrom === null ? from : Math.min(Math.max(this.#rampFrom + RAMP, from), to);
    const ramped = ((this.rateAt(from) + this.rateAt(knee)) / 2) * (knee - from);
    return (ramped + this.rateAt(to) * (to - knee)) / seconds(1);
  }

  /** Permits of one half, per second. */
  private rateAt(now: number): number {
    const share =
      this.#rampFrom === null ? 1 : FIRST_SHARE + (1 - FIRST_SHARE) * Math.min(1, (now - this.#rampFrom) / RAMP);
    return (this.perSecond / 2) * share;
  }
}

/** Tolerance for rounding errors: less than the inflow of a millisecond. */
const ROUNDING = 1e-6;

/** A token bucket with a variable rate; it never gives more than its size and its inflow. */
export class Bucket {
  #level: number;
  #at: number;

  /** `inflow`: the permits that flow in between two moments. */
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
