import { ExchangeGate, type GateLimits } from '../../libs/exchanger/src/gate/exchange-gate.js';
import type { Admission, RequestResult, Rejection, AdmissionRequest } from '../../libs/exchanger/src/gate/gate.js';
import { FakeClock } from './fake-clock.js';

export type Answer = Admission | Rejection;

let requests = 0;

const admissionRequest = (changes: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  grantId: `grant-${(requests += 1)}`,
  appId: 'app',
  workspaceId: 'workspace',
  platform: 'platform',
  urgency: 'due',
  accessExpiresAt: null,
  ...changes,
});

/** A gate with a clock that the test advances; records the answer to each request. */
export class GateUnderTest {
  readonly clock = new FakeClock();
  readonly gate: ExchangeGate;
  /** Grants that were admitted, in order. */
  readonly admitted: string[] = [];
  readonly rejected: { grantId: string; rejection: Rejection }[] = [];
  readonly #admissions = new Map<string, Admission>();

  constructor(limits: Partial<GateLimits> = {}) {
    this.gate = new ExchangeGate({ perSecond: 50, inFlight: 256, waiting: 12_000, ...limits }, this.clock);
  }

  /** Requests an admission; returns the grant id once the request is admitted, rejected or waiting. */
  async request(changes: Partial<AdmissionRequest> = {}): Promise<string> {
    const one = admissionRequest(changes);
    void this.gate.enter(one).then((answer) => {
      this.note(one.grantId, answer);
    });
    await this.clock.pass(0);
    return one.grantId;
  }

  /** Releases the admission of a grant with the result of its request. */
  async release(grantId: string, result: RequestResult, counts?: boolean): Promise<void> {
    this.#admissions.get(grantId)?.release(result, counts);
    await this.clock.pass(0);
  }

  /** Requests an admission and releases it at once. */
  async requestAndComplete(
    result: RequestResult,
    changes: Partial<AdmissionRequest> = {},
    counts?: boolean,
  ): Promise<void> {
    await this.release(await this.request(changes), result, counts);
  }

  rejectionOf(grantId: string): Rejection | undefined {
    return this.rejected.find((one) => one.grantId === grantId)?.rejection;
  }

  private note(grantId: string, answer: Answer): void {
    if (answer.kind === 'rejected') this.rejected.push({ grantId, rejection: answer });
    else {
      this.admitted.push(grantId);
      this.#admissions.set(grantId, answer);
    }
  }
}
