import type { Duration } from '#config';
import { Collection, type Journal } from './journal.js';

interface Turned {
  by: Duration;
}

/** The sandbox's own time: real time plus what testers turned it forward by. Every lifetime is counted on it. */
export class SandboxClock extends Collection<Turned> {
  constructor(journal: Journal) {
    super('clock', () => 'turned', journal);
  }

  now(): number {
    return Date.now() + (this.get('turned')?.by ?? 0);
  }

  advance(by: Duration): void {
    this.save({ by: (this.get('turned')?.by ?? 0) + by });
  }
}
