import { ExchangeGate, type GateLimits } from '../../libs/exchanger/src/gate/exchange-gate.js';
import type { Admission, RequestResult, Rejection, AdmissionRequest } from '../../libs/exchanger/src/gate/gate.js';
import { FakeClock } from './fake-clock.js';

export type Answer = Admission | Rejection;

let requests = 0;

const admissionRequest = (changes: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  grantId: `grant-${(requests += 1)}`,
  appId: 'app',
  workspaceId: 'workspace',
  urgency: 'due',
  accessExpiresAt: null,
  ...changes,
});

/** A gate with a clock that the test moves, and its answer to each request. */
export class AtTheGate {
  readonly clock = new FakeClock();
  readonly gate: ExchangeGate;
  /** Grants that were admitted, in order. */
  readonly through: string[] = [];
  readonly rejected: { grantId: string; rejection: Rejection }[] = [];
  readonly #passes = new Map<string, Admission>();

  constructor(limits: Partial<GateLimits> = {}) {
    this.gate = new ExchangeGate({ perSecond: 50, inFlight: 256, waiting: 12_000, ...limits }, this.clock);
  }

  /** Somebody comes, and waits if it must. */
  async come(changes: Partial<AdmissionRequest> = {}): Promise<string> {
    const one = admissionRequest(changes);
    void this.gate.enter(one).then((answer) => {
      this.note(one.grantId, answer);
    });
    await this.clock.pass(0);
    return one.grantId;
  }

  /** Whoever was let through has got an answer. */
  async release(grantId: string, result: RequestResult, counts?: boolean): Promise<void> {
    this.#passes.get(grantId)?.release(result, counts);
    await this.clock.pass(0);
  }

  /** Comes and gets that answer at once. */
  async meet(result: RequestResult, changes: Partial<AdmissionRequest> = {}, counts?: boolean): Promise<void> {
    await this.release(await this.come(changes), result, counts);
  }

  whyRejected(grantId: string): Rejection | undefined {
    return this.rejected.find((one) => one.grantId === grantId)?.rejection;
  }

  private note(grantId: string, answer: Answer): void {
    if (answer.kind === 'rejected') this.rejected.push({ grantId, rejection: answer });
    else {
      this.through.push(grantId);
      this.#passes.set(grantId, answer);
    }
  }
}
