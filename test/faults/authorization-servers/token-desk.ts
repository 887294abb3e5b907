import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CapturedAnswer, capture, send } from './captured-answer.js';
import type { Fault, Knobs, RefreshUse } from './contract.js';
import type { Engine, ReadRequest } from './engine.js';
import { type FaultScript, latenessAt, strikesAt } from './fault-script.js';
import { fingerprint } from './fingerprint.js';
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
    this.log.counters.tokenRequests += 1;
    const fault = this.faults.next('token');
    if (fault) this.log.counters.faults += 1;
    const use = this.open(request, fault);
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
    else send(response, answer);
  }

  private open({ body = {} }: ReadRequest, fault: Fault | null): RefreshUse | undefined {
    const { grant_type: grantType, refresh_token: presented } = body;
    if (grantType !== 'refresh_token' || presented === undefined) return undefined;
    const use = this.log.open(fingerprint(presented), this.engine.ownerOf(presented));
    use.fault = fault?.kind ?? null;
    return use;
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
    const { refresh_token: given } = JSON.parse(rotation.answer.body) as { refresh_token: string };
    return this.engine.truth(userId).leaf === fingerprint(given) ? rotation.answer : undefined;
  }
}
