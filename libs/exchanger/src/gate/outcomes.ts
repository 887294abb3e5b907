import { minutes } from '#config';
import type { Tally } from '#tokens/protocol';

const WINDOW = minutes(5);
/** A thousand grants represent an app well enough, and bound the memory it takes. */
const MOST = 1_000;

interface Seen {
  at: number;
  kind: keyof Tally;
}

/** What the grants of one app met within the last minutes: each counts once, with its latest result. */
export class Outcomes {
  readonly #seen = new Map<string, Seen>();
  readonly #tally: Tally = { ok: 0, permanent: 0, temporary: 0 };

  note(grantId: string, kind: keyof Tally, now: number): void {
    this.drop(grantId);
    this.#seen.set(grantId, { at: now, kind });
    this.#tally[kind] += 1;
    if (this.#seen.size > MOST) this.dropOldest();
  }

  tally(now: number): Tally {
    for (const [grantId, { at }] of this.#seen) {
      if (now - at < WINDOW) break;
      this.drop(grantId);
    }
    return { ...this.#tally };
  }

  clear(): void {
    this.#seen.clear();
    Object.assign(this.#tally, { ok: 0, permanent: 0, temporary: 0 });
  }

  private dropOldest(): void {
    for (const grantId of this.#seen.keys()) {
      this.drop(grantId);
      return;
    }
  }

  private drop(grantId: string): void {
    const seen = this.#seen.get(grantId);
    if (!seen) return;
    this.#tally[seen.kind] -= 1;
    this.#seen.delete(grantId);
  }
}
