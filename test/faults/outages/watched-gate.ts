import { type Clock, ExchangeGate, type Gate, type Pass, type Refusal, type Wish } from '#exchanger/testing';
import type { Activity } from './activity.js';

/** The product's defaults. */
export const LIMITS = { perSecond: 50, inFlight: 256, waiting: 12_000 };

/** The product's gate; whoever waits at it waits for time to pass. */
export class WatchedGate implements Gate {
  readonly gate: ExchangeGate;

  constructor(
    clock: Clock,
    private readonly activity: Activity,
  ) {
    this.gate = new ExchangeGate(LIMITS, clock);
  }

  enter(wish: Wish): Promise<Pass | Refusal> {
    return this.activity.pause(this.gate.enter(wish));
  }

  lift(grantId: string): void {
    this.gate.lift(grantId);
  }

  isClosed(appId: string): boolean {
    return this.gate.isClosed(appId);
  }

  closedFor(appId: string): number {
    return this.gate.closedFor(appId);
  }
}
