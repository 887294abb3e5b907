import { grantRefresh, type JobQueue } from '#jobs';
import type { Secret } from '#observability';
import type { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { publicAccountId } from './seed-accounts.js';

export interface FeederOptions {
  pool: Pool;
  /** Null: the refreshing process finds due rows itself. */
  queue: JobQueue | null;
  apis: readonly string[];
  apiKey: Secret;
  /** How many grants are kept due at a time. */
  due: number;
}

const PAUSE = 200;
/** One in this number is requested by a caller, through an API. */
const FORCED_SHARE = 8;

/** Makes new tokens old enough to be renewed, without a wait for their lifetime. */
const MAKE_DUE = `
  with waiting as (
    select count(*)::int as count from grants where refresh_state = 'idle' and refresh_due_at <= db_now()
  ), chosen as (
    select id from grants where refresh_state = 'idle' and refresh_due_at > db_now()
    order by last_refreshed_at nulls first, id
    limit greatest(0, $1 - (select count from waiting)) for update skip locked
  )
  update grants set refresh_due_at = db_now(), issued_at = db_now() - interval '2 hours'
  from chosen where grants.id = chosen.id
  returning grants.id, (select accounts.id from accounts where grant_id = grants.id) as "accountId"`;

/** Keeps the product busy: makes grants due again and again, and requests some of them as a customer would. */
export class Feeder {
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  readonly #calls = new Set<Promise<void>>();
  #tick = 0;

  constructor(private readonly options: FeederOptions) {}

  start(): void {
    this.#loop = this.#run();
  }

  /** Settles when no further request is sent; calls under way end first. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await Promise.allSettled(this.#calls);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      // An unavailable part recovers during the run.
      await this.#feed().catch(() => undefined);
      await sleep(PAUSE);
    }
  }

  async #feed(): Promise<void> {
    const { pool, queue, due } = this.options;
    const { rows } = await pool.query<{ id: string; accountId: string }>(MAKE_DUE, [due]);
    const forced =
      this.options.apis.length === 0 ? [] : rows.filter((_, index) => (index + this.#tick) % FORCED_SHARE === 0);
    this.#tick += 1;
    for (const { accountId } of forced) this.#force(accountId);
    await queue?.enqueueAll(
      grantRefresh,
      rows.filter((row) => !forced.includes(row)).map(({ id }) => ({ grantId: id })),
    );
  }

  #force(accountId: string): void {
    const { apis, apiKey } = this.options;
    const api = apis[this.#tick % apis.length] ?? '';
    const call = fetch(`${api}/v1/accounts/${publicAccountId(accountId)}/refresh`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey.reveal()}` },
      signal: AbortSignal.timeout(75_000),
    })
      .then((response) => response.text())
      .then(
        () => undefined,
        () => undefined,
      );
    this.#calls.add(call);
    void call.finally(() => this.#calls.delete(call));
  }
}
