import type { Duration } from '#config';

/** The places that each platform takes; a platform that hangs holds its own only. */
export class PlatformPlaces {
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  /** True when a place of the platform is taken; false where `most` are taken and none is freed in time. */
  take(platform: string, { most, within }: { most: number; within: Duration }): Promise<boolean> {
    const taken = this.#taken.get(platform) ?? 0;
    if (taken >= most) return this.#waitForPlace(platform, within);
    this.#taken.set(platform, taken + 1);
    return Promise.resolve(true);
  }

  /** A place that another caller waits for is passed on, first come first served. */
  free(platform: string): void {
    const [next] = this.#waiting.get(platform) ?? [];
    if (next) {
      next();
      return;
    }
    const left = (this.#taken.get(platform) ?? 1) - 1;
    if (left > 0) this.#taken.set(platform, left);
    else this.#taken.delete(platform);
  }

  #waitForPlace(platform: string, within: Duration): Promise<boolean> {
    const waiting = this.#waiting.get(platform) ?? new Set();
    this.#waiting.set(platform, waiting);
    return new Promise((resolve) => {
      const settle = (isTaken: boolean): void => {
        clearTimeout(late);
        waiting.delete(take);
        resolve(isTaken);
      };
      const take = (): void => {
        settle(true);
      };
      const late = setTimeout(settle, within, false);
      waiting.add(take);
    });
  }
}
