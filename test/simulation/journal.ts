import type { KeptExchange } from '../../libs/tokens/src/protocol/recovery.js';
import type { Answer } from './authorization-server.js';

export interface Entry {
  intentId: number;
  grantId: string;
  /** Record R; null: only record D is present. */
  answer: Answer | null;
  /** The database refuses the answer. */
  isAside?: true;
}

/** The journal of one host. Its records survive the process, but not the volume. */
export class Journal {
  readonly entries = new Map<number, Entry>();
  fails = false;
  /** The newest stored answer of each grant. */
  readonly kept = new Map<string, KeptExchange & { intentId: number; answer: Answer }>();

  /** Writes record D. */
  dispatched(intentId: number, grantId: string): boolean {
    if (this.fails) return false;
    this.entries.set(intentId, { intentId, grantId, answer: null });
    return true;
  }

  /** Writes record R. */
  answered(intentId: number, answer: Answer): boolean {
    const entry = this.entries.get(intentId);
    if (this.fails || !entry) return false;
    entry.answer = answer;
    return true;
  }

  setAside(intentId: number): boolean {
    const entry = this.entries.get(intentId);
    if (this.fails || !entry) return false;
    entry.isAside = true;
    return true;
  }

  aside(grantId: string): Entry | undefined {
    return [...this.entries.values()].find((entry) => entry.isAside && entry.grantId === grantId);
  }

  /** Writes record C. `exchange` is that of a stored answer, which is kept. */
  settled(intentId: number, exchange?: KeptExchange): void {
    const entry = this.entries.get(intentId);
    const before = entry && this.kept.get(entry.grantId);
    if (entry?.answer && exchange && (!before || exchange.claimedAt >= before.claimedAt))
      this.kept.set(entry.grantId, { ...exchange, intentId, answer: entry.answer });
    this.entries.delete(intentId);
  }
}
