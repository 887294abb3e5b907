import { type Duration, seconds } from '#config';
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

  turnedBySeconds(): number {
    return (this.get('turned')?.by ?? 0) / seconds(1);
  }

  advance(by: Duration): void {
    this.save({ by: (this.get('turned')?.by ?? 0) + by });
  }
}
