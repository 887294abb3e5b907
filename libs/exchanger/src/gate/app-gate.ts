import {
  type Breaker,
  CLOSED,
  isAlarming,
  MAX_INCONCLUSIVE_PROBES,
  opened,
  probed,
  probing,
  type Tally,
} from '#tokens/protocol';
import type { RequestResult, Urgency, AdmissionRequest } from './gate.js';
import { Outcomes } from './outcomes.js';
import { type Half, Permits } from './permits.js';
import { URGENCIES, type Waiter, Waiting } from './waiting.js';

/** The breaker state under which a request was admitted. */
export interface BreakerTicket {
  turn: number;
  probe: boolean;
}

/** Receives an app's new breaker state and the counts that led to it. */
export type OnBreakerChange = (breaker: Breaker, tally: Tally) => void;

const MEANING: Record<RequestResult, keyof Tally | undefined> = {
  ok: 'ok',
  temporary: 'temporary',
  lost: 'temporary',
  permanent: 'permanent',
  spent: undefined,
  rejected: undefined,
  app: undefined,
  unsent: undefined,
};

/** One app at the gate: its breaker, its permits, and the requests that wait for it. */
export class AppGate {
  readonly waiting = new Waiting();
  readonly #outcomes = new Outcomes();
  readonly #permits: Permits;
  #breaker: Breaker = CLOSED;
  /** Grows when the breaker opens or closes: results of requests admitted before do not count afterwards. */
  #turn = 0;
  #probing = false;
  /** Probes in a row that were refused although the token may be spent. */
  #inconclusive = 0;
  #inFlight = 0;

  constructor(
    perSecond: number,
    now: number,
    private readonly onBreakerChange: OnBreakerChange,
  ) {
    this.#permits = new Permits(perSecond, now);
  }

  get breaker(): Breaker {
    return this.#breaker;
  }

  /** Until when such a request is rejected, because waiting would not help; null: it may wait. */
  rejectedUntil({ inGrace = false }: AdmissionRequest, now: number): number | null {
    const breaker = this.#breaker;
    return breaker.state === 'open' && now < breaker.probeAt && !inGrace ? breaker.probeAt : null;
  }

  /** The most urgent request that may go now. Behind a breaker the request whose result is most informative goes first. */
  next(now: number): Waiter | undefined {
    for (const urgency of this.#breaker.state === 'closed' ? URGENCIES : MOST_TELLING) {
      const first = this.waiting.first(urgency);
      if (first && this.lets(first.request, now) && this.hasPermit(urgency, now)) return first;
    }
    return undefined;
  }

  /** When a permit becomes available for the next request. Anything else it waits for ends with an event. */
  nextAt(now: number): number {
    if (this.#probing) return Infinity;
    const halves = (['forced', 'due'] as const).filter((half) => this.waiting.has(half));
    return Math.min(...halves.map((half) => this.#permits.nextAt(now, half, this.isAlone(half))));
  }

  /** Admits the first request of an urgency. */
  admit({ urgency, inGrace = false }: AdmissionRequest, now: number): BreakerTicket {
    if (urgency !== 'unknown') this.#permits.take(urgency, now, this.isAlone(urgency));
    this.waiting.take(urgency);
    this.#inFlight += 1;
    const probe = this.#breaker.state !== 'closed' && !inGrace;
    if (probe) this.beginProbe();
    return { turn: this.#turn, probe };
  }

  /** Counts the result of an admitted request. An inconclusive probe leaves the breaker half-open for the next one, ten of them fail it. */
  settle(
    { turn, probe }: BreakerTicket,
    met: { grantId: string; result: RequestResult; counts: boolean },
    now: number,
  ): void {
    this.#inFlight -= 1;
    if (turn !== this.#turn) return;
    if (probe) this.#probing = false;
    if (probe && met.result === 'spent') this.noteInconclusive(now);
    const meaning = met.counts ? MEANING[met.result] : undefined;
    if (!meaning) return;
    if (probe) this.conclude(meaning, now);
    else this.note(met.grantId, meaning, now);
  }

  /** Takes over another process's state of this breaker. */
  adopt(breaker: Breaker, now: number): void {
    this.change(breaker, now);
  }

  /** Whether it holds no state that a new one would not have. */
  isIdle(now: number): boolean {
    const { ok, permanent, temporary } = this.#outcomes.tally(now);
    const busy = this.#inFlight + this.waiting.length + ok + permanent + temporary > 0;
    return !busy && this.#breaker.state === 'closed' && this.#permits.isSteady(now);
  }

  private lets({ inGrace = false }: AdmissionRequest, now: number): boolean {
    const breaker = this.#breaker;
    if (breaker.state === 'closed' || inGrace) return true;
    return !this.#probing && (breaker.state === 'half_open' || now >= breaker.probeAt);
  }

  private hasPermit(urgency: Urgency, now: number): boolean {
    return urgency === 'unknown' || this.#permits.has(urgency, now, this.isAlone(urgency));
  }

  private isAlone(half: Half): boolean {
    return !this.waiting.has(half === 'due' ? 'forced' : 'due');
  }

  private beginProbe(): void {
    const before = this.#breaker;
    this.#probing = true;
    this.#breaker = probing(before);
    if (before !== this.#breaker) this.onBreakerChange(this.#breaker, NOTHING_YET);
  }

  private conclude(meaning: keyof Tally, now: number): void {
    this.#inconclusive = 0;
    this.changeTo(probed(this.#breaker, meaning === 'ok', now), now, { ...NOTHING_YET, [meaning]: 1 });
  }

  private noteInconclusive(now: number): void {
    this.#inconclusive += 1;
    if (this.#inconclusive < MAX_INCONCLUSIVE_PROBES)
      this.onBreakerChange(this.#breaker, { ...NOTHING_YET, permanent: 1 });
    else this.conclude('permanent', now);
  }

  private note(grantId: string, meaning: keyof Tally, now: number): void {
    if (this.#breaker.state !== 'closed') return;
    this.#outcomes.note(grantId, meaning, now);
    if (meaning === 'ok') return;
    const tally = this.#outcomes.tally(now);
    if (isAlarming(tally)) this.changeTo(opened(now), now, tally);
  }

  private changeTo(next: Breaker, now: number, tally: Tally): void {
    const before = this.#breaker;
    this.change(next, now);
    if (before.state !== next.state) this.onBreakerChange(next, tally);
  }

  private change(next: Breaker, now: number): void {
    const before = this.#breaker;
    this.#breaker = next;
    if (before.state === next.state) return;
    this.#turn += 1;
    this.#probing = false;
    this.#inconclusive = 0;
    this.#outcomes.clear();
    if (next.state === 'closed') this.#permits.ramp(now);
  }
}

/** A healthy platform may refuse a request with an unknown outcome, so such a request is the least informative probe. */
const MOST_TELLING = ['forced', 'due', 'unknown'] as const satisfies readonly Urgency[];
const NOTHING_YET: Tally = { ok: 0, permanent: 0, temporary: 0 };
