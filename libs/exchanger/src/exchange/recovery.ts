import { minutes, startStopwatch } from '#config';
import { type IntentRow, unendedIntents } from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';
import type { JournaledIntent, Unsettled } from '../journal/journal.js';
import { type Left, settleLeft } from './recover.js';

/** An entry that is set aside is retried at most this often. */
const RETRY_AFTER = minutes(1);

/**
 * Settles the exchanges of the previous process beside other work. Exchanges of one grant or attempt are settled in their
 * order, and before a new one of it begins. The process must hold the journal: only then has the previous process ended.
 */
export class Recovery {
  readonly #pending = new Map<string, Promise<unknown>>();
  readonly #retried = new Map<string, () => number>();
  #isOwn = true;

  /** `onUnknown` receives each grant whose outcome is unknown, as soon as this is stored. */
  constructor(
    private readonly context: ExchangerContext,
    private readonly onUnknown: (grantId: string) => void,
  ) {}

  /**
   * Resolves when no claim of this process can be taken for one of the previous process: from then on the process may
   * listen. `done` resolves when everything is settled or set aside. `isOwn`: see `LeftExchange`.
   */
  async begin(left: readonly Unsettled[], isOwn: boolean): Promise<{ done: Promise<unknown> }> {
    this.#isOwn = isOwn;
    const { pool, holder } = this.context;
    const inJournal = new Set(left.map(({ intent }) => intent.intentId));
    const noted = (await unendedIntents(pool, holder)).filter(({ id }) => !inJournal.has(id));
    for (const one of left) void this.follow({ ...one, inJournal: true });
    for (const one of noted) void this.follow({ intent: toJournaled(one), answer: null, inJournal: false });
    return { done: Promise.all(this.#pending.values()) };
  }

  /** Resolves when nothing of the previous process is left for this grant or attempt, or it is set aside. */
  async before(subjectId: string): Promise<void> {
    await this.#pending.get(subjectId);
    const aside = this.context.journal.aside(subjectId);
    if (!aside || (this.#retried.get(subjectId)?.() ?? Infinity) < RETRY_AFTER) return;
    this.#retried.set(subjectId, startStopwatch());
    await this.follow({ ...aside, inJournal: true });
  }

  private follow(one: Left): Promise<unknown> {
    const { subjectId } = one.intent;
    const following = (this.#pending.get(subjectId) ?? Promise.resolve())
      .then(() => settleLeft(this.context, one, this.#isOwn))
      .then((result) => {
        if (result === 'unknown' && one.intent.kind === 'refresh') this.onUnknown(subjectId);
      });
    const settled = following.finally(() => {
      if (this.#pending.get(subjectId) === settled) this.#pending.delete(subjectId);
    });
    this.#pending.set(subjectId, settled);
    return settled;
  }
}

const toJournaled = ({ id, grantId, attemptId, tokenVersion }: IntentRow): JournaledIntent => ({
  intentId: id,
  kind: grantId === null ? 'code' : 'refresh',
  subjectId: grantId ?? attemptId ?? '',
  version: tokenVersion,
});
