import type { Counters, RefreshUse, UseResult } from './contract.js';

/** Every refresh token that was presented, and the counts of everything. */
export class UseLog {
  readonly #uses: RefreshUse[] = [];
  readonly counters: Counters = {
    ...{ tokenRequests: 0, rotations: 0, repeated: 0, refused: 0, unseen: 0 },
    ...{ userinfoRequests: 0, revocations: 0, faults: 0 },
  };

  open(fingerprint: string, userId: string | null, fault: RefreshUse['fault'] = null): RefreshUse {
    const use: RefreshUse = {
      sequence: this.#uses.length + 1,
      at: Date.now(),
      fingerprint,
      userId,
      result: null,
      fault,
    };
    this.#uses.push(use);
    return use;
  }

  close(use: RefreshUse, result: UseResult): void {
    use.result = result;
    this.counters[result === 'rotated' ? 'rotations' : result] += 1;
  }

  after(sequence: number): RefreshUse[] {
    return this.#uses.slice(sequence);
  }
}
