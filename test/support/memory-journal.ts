import type { PlatformAnswer } from '#providers';
import {
  type Journal,
  type JournaledIntent,
  type KeptAnswer,
  toKept,
  type Unsettled,
} from '../../libs/exchanger/src/journal/journal.js';

/** A journal that is kept across the engines of one test, as the file is across processes. */
export class MemoryJournal implements Journal {
  readonly #left = new Map<string, Unsettled>();
  readonly #aside = new Set<string>();
  readonly #kept = new Map<string, Unsettled>();
  hasSpace = true;
  /** The record at which the disk fails. */
  failing: 'dispatched' | 'answered' | undefined;

  get left(): Unsettled[] {
    return [...this.#left.values()];
  }

  writable(): boolean {
    return this.hasSpace;
  }

  async dispatched(intent: JournaledIntent): Promise<void> {
    await this.disk('dispatched');
    this.#left.set(intent.intentId, { intent, answer: null });
  }

  async answered(intent: JournaledIntent, answer: PlatformAnswer): Promise<void> {
    await this.disk('answered');
    this.#left.set(intent.intentId, { intent, answer });
  }

  settled(intentId: string, isKept = false): void {
    const left = this.#left.get(intentId);
    if (isKept && left) this.#kept.set(left.intent.subjectId, left);
    this.#left.delete(intentId);
    this.#aside.delete(intentId);
  }

  setAside(left: Unsettled): Promise<void> {
    this.#left.set(left.intent.intentId, left);
    this.#aside.add(left.intent.intentId);
    return Promise.resolve();
  }

  aside(subjectId: string): Unsettled | undefined {
    return this.left.find(({ intent }) => intent.subjectId === subjectId && this.#aside.has(intent.intentId));
  }

  keptOf(grantId: string): KeptAnswer | undefined {
    return this.kept().find((one) => one.grantId === grantId);
  }

  kept(): KeptAnswer[] {
    return [...this.#kept.values()].flatMap(({ intent }) => toKept(intent) ?? []);
  }

  readKept(grantIds: readonly string[]): Promise<Unsettled[]> {
    return Promise.resolve(grantIds.flatMap((id) => this.#kept.get(id) ?? []));
  }

  private disk(record: 'dispatched' | 'answered'): Promise<void> {
    return this.failing === record ? Promise.reject(new Error('ENOSPC: no space left on device')) : Promise.resolve();
  }
}
