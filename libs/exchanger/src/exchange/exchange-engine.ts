import type { Secret } from '#observability';
import type { Unsettled } from '../journal/journal.js';
import type { ExchangerContext } from '../exchanger-context.js';
import { findUnknownGrants } from '../store/unclaimed-grants.js';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, TokenExchange } from '#tokens';
import { dueRevocations } from '#tokens/store';
import { exchangeCode } from './code-exchange.js';
import { awaitRunning, refreshGrant } from './refresh.js';
import { recover } from './recover.js';
import { tryRevocation } from './revoke-tokens.js';

const UNKNOWN_AT_ONCE = 100;
const MAX_REVOCATIONS_AT_ONCE = 100;

/** Runs the exchanges of this process. Concurrent calls for one grant, or for one attempt, share one exchange. */
export class ExchangeEngine implements TokenExchange {
  readonly #running = new Map<string, Promise<RefreshOutcome | 'busy'>>();
  readonly #codes = new Map<string, Promise<CodeOutcome>>();
  readonly #others = new Set<Promise<unknown>>();
  #isRevokingDue = false;

  constructor(private readonly context: ExchangerContext) {}

  exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    const running =
      this.#codes.get(attemptId) ??
      exchangeCode(this.context, attemptId, code).finally(() => this.#codes.delete(attemptId));
    this.#codes.set(attemptId, running);
    return running;
  }

  refresh(grantId: string, { forced = false, patience = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    const joined = this.#running.get(grantId);
    if (joined && forced) this.context.gate.lift(grantId);
    const running = joined ?? this.start(grantId, forced);
    return running.then((outcome) => (outcome === 'busy' ? awaitRunning(this.context, grantId, patience) : outcome));
  }

  revoke(revocationId: string): Promise<boolean> {
    return this.follow(tryRevocation(this.context, revocationId));
  }

  /** Tries the stored revocations that are due. A round that begins while another one runs tries nothing. */
  async revokeDue(): Promise<void> {
    if (this.#isRevokingDue) return;
    this.#isRevokingDue = true;
    try {
      const due = await dueRevocations(this.context.pool, MAX_REVOCATIONS_AT_ONCE);
      await Promise.all(due.map((id) => this.revoke(id)));
    } finally {
      this.#isRevokingDue = false;
    }
  }

  /** Settles what the previous process left in the journal, and retries unknown outcomes. To be called before any other work. */
  async recover(left: readonly Unsettled[]): Promise<void> {
    const unknown = await recover(this.context, left);
    this.refreshInBackground(unknown);
    await this.retryUnknown();
  }

  /** Retries unknown outcomes of any process, without queue and worker, because a grace period may end first. */
  async retryUnknown(): Promise<void> {
    this.refreshInBackground(await findUnknownGrants(this.context.pool, UNKNOWN_AT_ONCE));
  }

  /** Resolves when the exchanges of this process have ended. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#running.values(), ...this.#codes.values(), ...this.#others]);
  }

  private refreshInBackground(grantIds: readonly string[]): void {
    for (const grantId of grantIds) {
      this.follow(this.refresh(grantId)).catch((error: unknown) => {
        this.context.logger.error({ err: error, grant: grantId }, 'refresh.unknown_not_resolved');
      });
    }
  }

  private follow<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
    const followed = work.finally(() => this.#others.delete(followed));
    this.#others.add(followed);
    return followed;
  }

  private start(grantId: string, forced: boolean): Promise<RefreshOutcome | 'busy'> {
    const running = refreshGrant(this.context, grantId, forced).finally(() => this.#running.delete(grantId));
    this.#running.set(grantId, running);
    return running;
  }
}
