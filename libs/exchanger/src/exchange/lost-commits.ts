import { minutes, startStopwatch } from '#config';
import type { ExchangerContext } from '../exchanger-context.js';
import { findGrantsBehind } from '../store/unclaimed-grants.js';
import { storeAgain } from './recover.js';

/** Rows may be restored while the server runs. */
const COMPARE_EVERY = minutes(1);
const AT_ONCE = 5_000;

/**
 * Commits that the database has lost, by a failover or a restored backup: they are stored again from the journal, which keeps the
 * answers of one-time tokens for a while after they are stored.
 */
export class LostCommits {
  readonly #running = new Map<string, Promise<void>>();
  #server: string | undefined;
  #sinceCompared = startStopwatch();

  constructor(private readonly context: ExchangerContext) {}

  /** Compares when another server answers, or the same one after a restart, and every minute. */
  async restore(): Promise<void> {
    if (this.context.journal.kept().length === 0) return;
    const { rows } = await this.context.pool.query<{ server: string }>(
      'select pg_postmaster_start_time()::text as server',
    );
    const server = rows[0]?.server;
    if (server === this.#server && this.#sinceCompared() < COMPARE_EVERY) return;
    await this.compareAll();
    this.#server = server;
    this.#sinceCompared = startStopwatch();
  }

  /** Before a refresh: the token that would be sent may be spent by an exchange whose result the database has lost. */
  async restoreOf(grantId: string): Promise<void> {
    const kept = this.context.journal.keptOf(grantId);
    if (kept && (await findGrantsBehind(this.context.pool, [kept])).length > 0) await this.storeOnce(grantId);
  }

  /** Stores the kept answer of a grant again; calls for one grant share the work. */
  private storeOnce(grantId: string): Promise<void> {
    const running = this.#running.get(grantId) ?? this.storeOne(grantId).finally(() => this.#running.delete(grantId));
    this.#running.set(grantId, running);
    return running;
  }

  private async compareAll(): Promise<void> {
    const kept = this.context.journal.kept();
    for (let from = 0; from < kept.length; from += AT_ONCE) {
      const behind = await findGrantsBehind(this.context.pool, kept.slice(from, from + AT_ONCE));
      for (const grantId of behind) await this.storeOnce(grantId);
    }
  }

  private async storeOne(grantId: string): Promise<void> {
    for (const one of await this.context.journal.readKept([grantId])) await storeAgain(this.context, one);
  }
}
