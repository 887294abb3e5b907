import { ExchangeGate, type GateLimits } from '../../libs/exchanger/src/gate/exchange-gate.js';
import type { Pass, Passage, Refusal, Wish } from '../../libs/exchanger/src/gate/gate.js';
import { FakeClock } from './fake-clock.js';

export type Answer = Pass | Refusal;

let wishes = 0;

const wish = (changes: Partial<Wish> = {}): Wish => ({
  grantId: `grant-${(wishes += 1)}`,
  appId: 'app',
  workspaceId: 'workspace',
  urgency: 'due',
  accessExpiresAt: null,
  ...changes,
});

/** A gate whose clock a test moves, and what it answered to whom. */
export class AtTheGate {
  readonly clock = new FakeClock();
  readonly gate: ExchangeGate;
  /** Grants that were let through, in order. */
  readonly through: string[] = [];
  readonly refused: { grantId: string; refusal: Refusal }[] = [];
  readonly #passes = new Map<string, Pass>();

  constructor(limits: Partial<GateLimits> = {}) {
    this.gate = new ExchangeGate({ perSecond: 50, inFlight: 256, waiting: 12_000, ...limits }, this.clock);
  }

  /** Somebody comes, and waits if it must. */
  async come(changes: Partial<Wish> = {}): Promise<string> {
    const one = wish(changes);
    void this.gate.enter(one).then((answer) => {
      this.note(one.grantId, answer);
    });
    await this.clock.pass(0);
    return one.grantId;
  }

  /** Whoever was let through has got an answer. */
  async leave(grantId: string, passage: Passage, counts?: boolean): Promise<void> {
    this.#passes.get(grantId)?.leave(passage, counts);
    await this.clock.pass(0);
  }

  /** Comes and gets that answer at once. */
  async meet(passage: Passage, changes: Partial<Wish> = {}, counts?: boolean): Promise<void> {
    await this.leave(await this.come(changes), passage, counts);
  }

  whyRefused(grantId: string): Refusal | undefined {
    return this.refused.find((one) => one.grantId === grantId)?.refusal;
  }

  private note(grantId: string, answer: Answer): void {
    if (answer.kind === 'closed') this.refused.push({ grantId, refusal: answer });
    else {
      this.through.push(grantId);
      this.#passes.set(grantId, answer);
    }
  }
}
