import type { Gate, Admission } from '../../libs/exchanger/src/gate/gate.js';
import type { Journal } from '../../libs/exchanger/src/journal/journal.js';
import type { ExchangeMetrics } from '../../libs/exchanger/src/metrics.js';

/** A gate that admits every request at once. */
export class OpenGate implements Gate {
  enter(): Promise<Admission> {
    return Promise.resolve({ kind: 'admitted', release: () => undefined });
  }

  lift(): void {
    // No request waits here.
  }

  isBreakerClosed(): boolean {
    return true;
  }

  breakerClosedFor(): number {
    return Infinity;
  }
}

/** A journal that keeps nothing. */
export class NoJournal implements Journal {
  writable(): boolean {
    return true;
  }

  dispatched(): Promise<void> {
    return Promise.resolve();
  }

  answered(): Promise<void> {
    return Promise.resolve();
  }

  settled(): void {
    // Nothing was kept.
  }

  keptOf(): undefined {
    return undefined;
  }

  kept(): [] {
    return [];
  }

  readKept(): Promise<[]> {
    return Promise.resolve([]);
  }

  setAside(): Promise<void> {
    return Promise.resolve();
  }

  aside(): undefined {
    return undefined;
  }
}

/** Metrics that count nothing. */
export class NoMetrics implements ExchangeMetrics {
  exchangeEnded(): void {
    // Not counted.
  }

  lifeLeft(): void {
    // Not counted.
  }

  inFlight(): void {
    // Not counted.
  }

  answerLost(): void {
    // Not counted.
  }
}
