import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import { Database } from '#persistence';
import { ATTEMPT_COLUMNS, type AttemptRow } from './attempt-row.js';
import { type AttemptError, FailAttempt } from './fail-attempt.js';
import { FinishAttempt } from './finish-attempt.js';

const BATCH = 200;
const UNFINISHED = `
  select id from connect_attempts where status = 'exchanged' and exchanged_at < db_now() - interval '30 seconds'
  order by exchanged_at limit ${BATCH}`;
const EXPIRED = `
  select ${ATTEMPT_COLUMNS} from connect_attempts
  where status in ('pending', 'selection_required') and expires_at < db_now() - (case when spent_at is null or status = 'selection_required' then interval '0' else interval '5 minutes' end)
  order by expires_at limit ${BATCH}`;
const OLD = `
  delete from connect_attempts where id in (
    select id from connect_attempts where status in ('completed', 'failed') and created_at < db_now() - interval '24 hours' limit 5000)`;

/** Finishes what a process that died left half done, ends what nobody came back for, and forgets the old. */
@Injectable()
export class SweepAttempts {
  constructor(
    private readonly database: Database,
    private readonly failAttempt: FailAttempt,
    private readonly finish: FinishAttempt,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const { rows: unfinished } = await this.database.pool.query<{ id: string }>(UNFINISHED);
    for (const { id } of unfinished) await this.tryOne(id, 'finished', () => this.finish.execute(id));
    const { rows: expired } = await this.database.pool.query<AttemptRow>(EXPIRED);
    for (const attempt of expired) await this.tryOne(attempt.id, 'ended', () => this.expire(attempt));
    await this.database.pool.query(OLD);
  }

  /** One that fails keeps nobody behind it waiting. */
  private async tryOne(id: string, what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error({ err: error, attempt: id }, `an attempt could not be ${what}`);
    }
  }

  private async expire(attempt: AttemptRow): Promise<void> {
    const error: AttemptError = attempt.status === 'pending' && attempt.spent ? 'exchange_failed' : 'state_expired';
    await this.failAttempt.execute(attempt, error);
  }
}
