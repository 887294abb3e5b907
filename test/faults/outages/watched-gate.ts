import {
  type Clock,
  ExchangeGate,
  type Gate,
  type Admission,
  type Rejection,
  type AdmissionRequest,
} from '#exchanger/testing';
import type { Activity } from './activity.js';

/** The product's defaults. */
export const LIMITS = { perSecond: 50, inFlight: 256, waiting: 12_000 };

/** The product's gate; a request that waits at it waits for virtual time. */
export class WatchedGate implements Gate {
  readonly gate: ExchangeGate;

  constructor(
    clock: Clock,
    private readonly activity: Activity,
  ) {
    this.gate = new ExchangeGate(LIMITS, clock);
  }

  enter(request: AdmissionRequest): Promise<Admission | Rejection> {
    return this.activity.pause(this.gate.enter(request));
  }

  lift(grantId: string): void {
    this.gate.lift(grantId);
  }

  isBreakerClosed(appId: string): boolean {
    return this.gate.isBreakerClosed(appId);
  }

  breakerClosedFor(appId: string): number {
    return this.gate.breakerClosedFor(appId);
  }
}
