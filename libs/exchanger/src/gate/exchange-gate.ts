import { seconds } from '#config';
import { type Breaker, CLOSED, type Tally } from '#tokens/protocol';
import { AppGate } from './app-gate.js';
import { type Clock, monotonicClock } from './clock.js';
import type { Gate, Admission, RequestResult, Rejection, AdmissionRequest } from './gate.js';
import { Places } from './places.js';
import { compareWaiters, type Waiter } from './waiting.js';

export interface GateLimits {
  /** Refreshes of one app. */
  perSecond: number;
  /** Concurrent exchanges. */
  inFlight: number;
  /** Requests that may wait. */
  waiting: number;
}

/** An app whose breaker opened, is probed, or closed. */
export interface BreakerChange {
  appId: string;
  breaker: Breaker;
  tally: Tally;
}

export interface AppState {
  appId: string;
  state: Breaker['state'];
  waiting: number;
}

const FULL: Rejection = { kind: 'rejected', why: 'full', retryAfter: 10 };
const DRAINING: Rejection = { kind: 'rejected', why: 'draining', retryAfter: 5 };

/** The gate of one exchanger process. */
export class ExchangeGate implements Gate {
  readonly #apps = new Map<string, AppGate>();
  /** Apps with waiting requests. */
  readonly #withRequests = new Set<AppGate>();
  readonly #places: Places;
  #waiting = 0;
  #turns = 0;
  #draining = false;
  #alarm: { at: number; off: () => void } | undefined;
  #onBreakerChange: (change: BreakerChange) => void = () => undefined;

  constructor(
    private readonly limits: GateLimits,
    private readonly clock: Clock = monotonicClock,
  ) {
    this.#places = new Places(limits.inFlight);
  }

  get inFlight(): number {
    return this.#places.taken;
  }

  get waiting(): number {
    return this.#waiting;
  }

  enter(request: AdmissionRequest): Promise<Admission | Rejection> {
    const now = this.clock.now();
    const app = this.app(request.appId);
    const rejection = this.rejection(app, request, now);
    if (rejection) return Promise.resolve(rejection);
    return new Promise((resolve) => {
      this.wait(app, request, resolve);
      while (this.admitFrom(app, now));
      this.wakeAt(this.nextAt(app, now));
    });
  }

  lift(grantId: string): void {
    for (const app of this.#withRequests) app.waiting.lift(grantId);
    this.pump(this.clock.now());
  }

  isBreakerClosed(appId: string): boolean {
    return (this.#apps.get(appId)?.breaker ?? CLOSED).state === 'closed';
  }

  breakerClosedFor(appId: string): number {
    const breaker = this.breakerOf(appId);
    if (breaker.state !== 'closed') return 0;
    return breaker.since === null ? Infinity : this.clock.now() - breaker.since;
  }

  /** Rejects waiting and new requests; admitted ones continue. */
  drain(): void {
    this.#draining = true;
    for (const app of this.#withRequests) for (const waiter of app.waiting.takeAll()) waiter.settle(DRAINING);
    this.#withRequests.clear();
    this.#alarm?.off();
  }

  /** Calls `listener` whenever a breaker of this process changes. */
  listen(listener: (change: BreakerChange) => void): void {
    this.#onBreakerChange = listener;
  }

  /** Takes over another process's state of a breaker, or this process's state before its restart. */
  adopt(appId: string, breaker: Breaker): void {
    const now = this.clock.now();
    const app = this.app(appId);
    app.adopt(breaker, now);
    this.sendAway(app, now);
    this.pump(now);
  }

  /** Every known app, for gauges. */
  states(): AppState[] {
    return [...this.#apps].map(([appId, { breaker, waiting }]) => ({
      appId,
      state: breaker.state,
      waiting: waiting.length,
    }));
  }

  breakerOf(appId: string): Breaker {
    return this.#apps.get(appId)?.breaker ?? CLOSED;
  }

  /** Drops the apps without any state. */
  tidy(): void {
    const now = this.clock.now();
    for (const [appId, app] of this.#apps) if (app.isIdle(now)) this.#apps.delete(appId);
  }

  private app(appId: string): AppGate {
    const known = this.#apps.get(appId);
    if (known) return known;
    const app: AppGate = new AppGate(this.limits.perSecond, this.clock.now(), (breaker, tally) => {
      this.#onBreakerChange({ appId, breaker, tally });
    });
    this.#apps.set(appId, app);
    return app;
  }

  private rejection(app: AppGate, request: AdmissionRequest, now: number): Rejection | undefined {
    if (this.#draining) return DRAINING;
    const rejectedUntil = app.rejectedUntil(request, now);
    if (rejectedUntil !== null)
      return {
        kind: 'rejected',
        why: 'breaker',
        retryAfter: Math.max(1, Math.ceil((rejectedUntil - now) / seconds(1))),
      };
    // Unknown outcomes come of exchanges that had a place: they are few, and nothing matters more.
    return request.urgency !== 'unknown' && this.#waiting >= this.limits.waiting ? FULL : undefined;
  }

  private wait(app: AppGate, request: AdmissionRequest, resolve: (answer: Admission | Rejection) => void): void {
    this.#turns += 1;
    this.#waiting += 1;
    const settle = (answer: Admission | Rejection): void => {
      this.#waiting -= 1;
      resolve(answer);
    };
    app.waiting.add({ request, turn: this.#turns, settle });
    this.#withRequests.add(app);
  }

  private admitFrom(app: AppGate, now: number): boolean {
    const waiter = this.#places.isFull() ? undefined : app.next(now);
    if (!waiter || !this.#places.has(waiter.request)) return false;
    this.admit(app, waiter, now);
    return true;
  }

  private admit(app: AppGate, { request, settle }: Waiter, now: number): void {
    this.#places.take(request);
    const ticket = app.admit(request, now);
    if (app.waiting.length === 0) this.#withRequests.delete(app);
    let released = false;
    const release = (result: RequestResult, counts = true): void => {
      if (released) return;
      released = true;
      this.released(app, request, (at) => {
        app.settle(ticket, { grantId: request.grantId, result, counts }, at);
      });
    };
    settle({ kind: 'admitted', release });
  }

  private released(app: AppGate, request: AdmissionRequest, settle: (now: number) => void): void {
    const now = this.clock.now();
    this.#places.free(request);
    settle(now);
    this.sendAway(app, now);
    this.pump(now);
  }

  /** Rejects the requests for which waiting no longer helps, because their app's breaker has opened. */
  private sendAway(app: AppGate, now: number): void {
    if (app.breaker.state !== 'open') return;
    for (const waiter of app.waiting.takeAll()) {
      const rejection = this.rejection(app, waiter.request, now);
      if (rejection) waiter.settle(rejection);
      else app.waiting.add(waiter);
    }
    if (app.waiting.length === 0) this.#withRequests.delete(app);
  }

  /** Admits requests while there are places, the most urgent of all apps first. */
  private pump(now: number): void {
    if (this.#draining) return;
    while (!this.#places.isFull()) {
      const best = this.mostUrgent(now);
      if (!best) break;
      this.admit(best.app, best.waiter, now);
    }
    if (!this.#places.isFull()) for (const app of this.#withRequests) this.wakeAt(this.nextAt(app, now));
  }

  private mostUrgent(now: number): { app: AppGate; waiter: Waiter } | undefined {
    let best: { app: AppGate; waiter: Waiter } | undefined;
    for (const app of this.#withRequests) {
      const waiter = app.next(now);
      if (!waiter || !this.#places.has(waiter.request)) continue;
      if (!best || compareWaiters(waiter, best.waiter) < 0) best = { app, waiter };
    }
    return best;
  }

  /** When time alone lets a request of this app go. A place is freed by an event. */
  private nextAt(app: AppGate, now: number): number {
    const at = app.nextAt(now);
    return at > now ? at : Infinity;
  }

  private wakeAt(moment: number): void {
    if (moment === Infinity || (this.#alarm && this.#alarm.at <= moment)) return;
    this.#alarm?.off();
    const off = this.clock.at(moment, () => {
      this.#alarm = undefined;
      this.pump(this.clock.now());
    });
    this.#alarm = { at: moment, off };
  }
}
