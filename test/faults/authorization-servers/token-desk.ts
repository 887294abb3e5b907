import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CapturedAnswer, capture, send } from './captured-answer.js';
import type { Fault, Knobs, RefreshUse } from './contract.js';
import type { Engine, ReadRequest } from './engine.js';
import { type FaultScript, latenessAt, strikesAt } from './fault-script.js';
import { fingerprint } from './fingerprint.js';
import { rewriteAnswer } from './rewritten-answer.js';
import type { UseLog } from './use-log.js';

interface Rotation {
  at: number;
  answer: CapturedAnswer;
}

/** Stands before the engine's token endpoint: delays, faults, the grace, and the record of what was presented. */
export class TokenDesk {
  readonly #rotations = new Map<string, Rotation>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly engine: Engine,
    private readonly knobs: Readonly<Knobs>,
    private readonly faults: FaultScript,
    private readonly log: UseLog,
  ) {}

  async handle(request: ReadRequest, response: ServerResponse): Promise<void> {
    const { use, fault } = this.open(request);
    await sleep(this.knobs.delayBefore + latenessAt(fault, 'before'));
    if (strikesAt(fault, 'before')) {
      if (use) this.log.close(use, 'unseen');
      this.faults.strike(response, fault);
      return;
    }
    const answer = use
      ? await this.inTurn(use.fingerprint, () => this.refresh(request, use))
      : await capture(this.engine, request);
    await sleep(this.knobs.delayAfter + latenessAt(fault, 'after'));
    if (strikesAt(fault, 'after')) this.faults.strike(response, fault);
    else send(response, fault?.kind === 'rewrite' ? rewriteAnswer(answer, fault.how) : answer);
  }

  /** Counts the request, and selects its fault. */
  private open({ body = {} }: ReadRequest): { use?: RefreshUse; fault: Fault | null } {
    const { grant_type: grantType, refresh_token: presented } = body;
    this.log.counters.tokenRequests += 1;
    if (grantType !== 'refresh_token' || presented === undefined) return { fault: this.faultOf(undefined) };
    const key = fingerprint(presented);
    const fault = this.faultOf(key);
    return { use: this.log.open(key, this.engine.ownerOf(presented), fault?.kind), fault };
  }

  private faultOf(key: string | undefined): Fault | null {
    const fault = this.faults.next('token', key);
    if (fault) this.log.counters.faults += 1;
    return fault;
  }

  /** A server with a real database locks the row: the same token is never worked on twice at a time. */
  private inTurn(key: string, work: () => Promise<CapturedAnswer>): Promise<CapturedAnswer> {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
    const done = turn.finally(() => {
      if (this.#turns.get(key) === done) this.#turns.delete(key);
    });
    this.#turns.set(key, done);
    return done;
  }

  private async refresh(request: ReadRequest, use: RefreshUse): Promise<CapturedAnswer> {
    const again = this.repetition(use);
    const answer = again ?? (await capture(this.engine, request));
    const rotated = answer.status === 200;
    if (rotated && !again) this.#rotations.set(use.fingerprint, { at: Date.now(), answer });
    this.log.close(use, again ? 'repeated' : rotated ? 'rotated' : 'refused');
    return answer;
  }

  /** Within the grace the same pair once more, as long as that pair is unspent itself. */
  private repetition({ fingerprint: key, userId }: RefreshUse): CapturedAnswer | undefined {
    const rotation = this.#rotations.get(key);
    if (!rotation || userId === null || Date.now() - rotation.at >= this.knobs.graceSeconds * 1_000) return undefined;
    const { refresh_token: given } = JSON.parse(String(rotation.answer.body)) as { refresh_token: string };
    return this.engine.truth(userId).leaf === fingerprint(given) ? rotation.answer : undefined;
  }
}
