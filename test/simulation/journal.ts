import type { Answer } from './authorization-server.js';

export interface Entry {
  intentId: number;
  grantId: string;
  /** R; null: only D is there. */
  answer: Answer | null;
}

/** The journal of one host: what is in it survives the process, as long as the volume does. */
export class Journal {
  readonly entries = new Map<number, Entry>();
  fails = false;

  /** D. */
  dispatched(intentId: number, grantId: string): boolean {
    if (this.fails) return false;
    this.entries.set(intentId, { intentId, grantId, answer: null });
    return true;
  }

  /** R. */
  answered(intentId: number, answer: Answer): boolean {
    const entry = this.entries.get(intentId);
    if (this.fails || !entry) return false;
    entry.answer = answer;
    return true;
  }

  /** C. */
  settled(intentId: number): void {
    this.entries.delete(intentId);
  }
}
