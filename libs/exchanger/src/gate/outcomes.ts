import { minutes } from '#config';
import type { Tally } from '#tokens/protocol';

const WINDOW = minutes(5);
/** The last thousand grants say enough of an app, and bound what is remembered of it. */
const MOST = 1_000;

interface Seen {
  at: number;
  kind: keyof Tally;
}

/** What the grants of one app met in the last minutes: each counts once, by what it met last. */
export class Outcomes {
  readonly #seen = new Map<string, Seen>();
  readonly #tally: Tally = { ok: 0, permanent: 0, temporary: 0 };

  note(grantId: string, kind: keyof Tally, now: number): void {
    this.forget(grantId);
    this.#seen.set(grantId, { at: now, kind });
    this.#tally[kind] += 1;
    if (this.#seen.size > MOST) this.forgetOldest();
  }

  tally(now: number): Tally {
    for (const [grantId, { at }] of this.#seen) {
      if (now - at < WINDOW) break;
      this.forget(grantId);
    }
    return { ...this.#tally };
  }

  clear(): void {
    this.#seen.clear();
    Object.assign(this.#tally, { ok: 0, permanent: 0, temporary: 0 });
  }

  private forgetOldest(): void {
    for (const grantId of this.#seen.keys()) {
      this.forget(grantId);
      return;
    }
  }

  private forget(grantId: string): void {
    const seen = this.#seen.get(grantId);
    if (!seen) return;
    this.#tally[seen.kind] -= 1;
    this.#seen.delete(grantId);
  }
}
