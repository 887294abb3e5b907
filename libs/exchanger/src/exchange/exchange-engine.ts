import type { Secret } from '#observability';
import type { Unsettled } from '../journal/journal.js';
import type { ExchangerContext } from '../exchanger-context.js';
import { findUnknownGrants } from '../store/unclaimed-grants.js';
import { type CodeOutcome, type RefreshOptions, type RefreshOutcome, storedOutcome, type TokenExchange } from '#tokens';
import { readGrant } from '#tokens/store';
import { setTimeout as pause } from 'node:timers/promises';
import type { AppCheckOutcome } from '#providers';
import { Draining } from '../gate/gate.js';
import { LostCommits } from './lost-commits.js';
import { checkApp } from './check-app.js';
import { exchangeCode } from './code-exchange.js';
import { refreshGrant } from './refresh.js';
import { Recovery } from './recovery.js';
import { RevocationLanes } from './revocation-lanes.js';

const UNKNOWN_AT_ONCE = 100;

/** Runs the exchanges of this process. Concurrent calls for one grant, or for one attempt, share one exchange. */
export class ExchangeEngine implements TokenExchange {
  readonly #running = new Map<string, Promise<RefreshOutcome | 'busy'>>();
  readonly #codes = new Map<string, Promise<CodeOutcome>>();
  readonly #others = new Set<Promise<unknown>>();
  readonly #revocations: RevocationLanes;
  readonly #recovery: Recovery;
  readonly #lostCommits: LostCommits;

  constructor(private readonly context: ExchangerContext) {
    this.#revocations = new RevocationLanes(context);
    this.#lostCommits = new LostCommits(context);
    this.#recovery = new Recovery(context, (grantId) => {
      this.refreshInBackground([grantId]);
    });
  }

  exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    const running =
      this.#codes.get(attemptId) ?? this.exchangeOnce(attemptId, code).finally(() => this.#codes.delete(attemptId));
    this.#codes.set(attemptId, running);
    return running;
  }

  refresh(grantId: string, { forced = false, maxWait = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    const joined = this.#running.get(grantId);
    if (joined && forced) this.context.gate.lift(grantId);
    const running =
      joined?.then((outcome) => this.afterJoined(grantId, forced, outcome)) ?? this.start(grantId, forced);
    return running.then((outcome) => (outcome === 'busy' ? awaitRunning(this.context, grantId, maxWait) : outcome));
  }

  /** A run that was not forced and found nothing due has sent nothing: a forced caller starts its own, or joins one. */
  private afterJoined(
    grantId: string,
    forced: boolean,
    outcome: RefreshOutcome | 'busy',
  ): Promise<RefreshOutcome | 'busy'> | RefreshOutcome | 'busy' {
    if (!forced || outcome === 'busy' || outcome.kind !== 'nothing_to_do') return outcome;
    return this.#running.get(grantId) ?? this.start(grantId, forced);
  }

  revoke(revocationId: string): Promise<boolean> {
    return this.#revocations.try(revocationId);
  }

  checkApp(appId: string): Promise<AppCheckOutcome> {
    return this.follow(checkApp(this.context, appId));
  }

  /** Begins to try the stored revocations that are due. */
  revokeDue(): Promise<void> {
    return this.#revocations.tryDue();
  }

  /**
   * Begins to settle what the previous process left in the journal; to be called before any other work, which may begin when
   * this resolves. `done` resolves when all is settled. `isOwn`: whether the journal is no copy of another process's.
   */
  async recover(left: readonly Unsettled[], isOwn = true): Promise<{ done: Promise<unknown> }> {
    const { done } = await this.#recovery.begin(left, isOwn);
    return { done: this.follow(done.then(() => this.retryUnknown())) };
  }

  /** Stores again what the database has lost of the answers that it had confirmed. */
  restoreLostCommits(): Promise<void> {
    return this.follow(this.#lostCommits.restore());
  }

  /** Retries unknown outcomes of any process, without queue and worker, because a grace period may end first. */
  async retryUnknown(): Promise<void> {
    this.refreshInBackground(await findUnknownGrants(this.context.pool, UNKNOWN_AT_ONCE));
  }

  /** Resolves when the exchanges of this process have ended. */
  async drain(): Promise<void> {
    await Promise.allSettled([
      ...this.#running.values(),
      ...this.#codes.values(),
      ...this.#others,
      this.#revocations.drain(),
    ]);
  }

  private refreshInBackground(grantIds: readonly string[]): void {
    for (const grantId of grantIds) {
      this.follow(this.refresh(grantId)).catch((error: unknown) => {
        if (error instanceof Draining) return;
        this.context.logger.error({ err: error, grant: grantId }, 'refresh.unknown_not_resolved');
      });
    }
  }

  private follow<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
    const followed = work.finally(() => this.#others.delete(followed));
    this.#others.add(followed);
    return followed;
  }

  private async exchangeOnce(attemptId: string, code: Secret): Promise<CodeOutcome> {
    await this.#recovery.before(attemptId);
    return exchangeCode(this.context, attemptId, code);
  }

  private async refreshOnce(grantId: string, forced: boolean): Promise<RefreshOutcome | 'busy'> {
    await this.#recovery.before(grantId);
    await this.#lostCommits.restoreOf(grantId);
    return refreshGrant(this.context, grantId, forced);
  }

  private start(grantId: string, forced: boolean): Promise<RefreshOutcome | 'busy'> {
    const running = this.refreshOnce(grantId, forced).finally(() => this.#running.delete(grantId));
    this.#running.set(grantId, running);
    return running;
  }
}

const POLL_INTERVAL_MS = 200;
const HELD_STATES = ['claimed', 'in_flight'];

/** Waits for the exchange of another process, at most `maxWait` ms, and returns its result. */
export async function awaitRunning(
  context: ExchangerContext,
  grantId: string,
  maxWait: number,
): Promise<RefreshOutcome> {
  for (let waited = 0; waited < maxWait; waited += POLL_INTERVAL_MS) {
    await pause(POLL_INTERVAL_MS);
    const read = await readGrant(context.pool, grantId);
    if (!read) return { kind: 'nothing_to_do' };
    if (!HELD_STATES.includes(read.grant.refreshState)) return storedOutcome(read.grant, read.now);
  }
  return { kind: 'unavailable', retryAfter: 60 };
}
