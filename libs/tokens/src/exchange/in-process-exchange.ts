import type { Secret } from '#observability';
import type { Room } from '../room.js';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, RevocableTokens, TokenExchange } from '../token-exchange.js';
import { exchangeCode } from './exchange-code.js';
import { awaitRunning } from './await-running.js';
import { refreshGrant } from './refresh-grant.js';
import { revokeTokens } from './revoke-tokens.js';

/** TokenExchange without a process of its own. Callers of one grant in this process share one exchange. */
export class InProcessExchange implements TokenExchange {
  readonly #running = new Map<string, Promise<RefreshOutcome | 'busy'>>();
  readonly #others = new Set<Promise<unknown>>();

  constructor(private readonly room: Room) {}

  exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    return this.follow(exchangeCode(this.room, attemptId, code));
  }

  async refresh(grantId: string, { forced = false, patience = 0 }: RefreshOptions = {}): Promise<RefreshOutcome> {
    const running = this.#running.get(grantId) ?? this.start(grantId, forced);
    const outcome = await running;
    return outcome === 'busy' ? awaitRunning(this.room, grantId, patience) : outcome;
  }

  revoke(tokens: RevocableTokens): Promise<boolean> {
    return this.follow(revokeTokens(this.room, tokens));
  }

  /** Resolves when the exchanges of this process have ended. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#running.values(), ...this.#others]);
  }

  private follow<Outcome>(work: Promise<Outcome>): Promise<Outcome> {
    const followed = work.finally(() => this.#others.delete(followed));
    this.#others.add(followed);
    return followed;
  }

  private start(grantId: string, forced: boolean): Promise<RefreshOutcome | 'busy'> {
    const running = refreshGrant(this.room, grantId, forced).finally(() => this.#running.delete(grantId));
    this.#running.set(grantId, running);
    return running;
  }
}
