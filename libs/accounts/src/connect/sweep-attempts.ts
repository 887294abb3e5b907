import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import { ATTEMPT_COLUMNS, type AttemptError, type AttemptRow, Database, deleteFinalAttempts } from '#persistence';
import { FailAttempt } from './fail-attempt.js';
import { FinishWaiting } from './finish-waiting.js';

const BATCH = 1_000;
/** Waited for an hour, and not to be looked at now: each is looked at once more at its end, unless nothing did for another hour. */
const OVERDUE = `
  select ${ATTEMPT_COLUMNS}, look_error as "lookError" from connect_attempts
  where status = 'exchanged' and exchanged_at <= db_now() - interval '1 hour'
    and (look_due_at > db_now() or exchanged_at <= db_now() - interval '2 hours')
  order by exchanged_at limit ${BATCH}`;
const EXPIRED = `
  select ${ATTEMPT_COLUMNS} from connect_attempts
  where status in ('pending', 'selection_required') and expires_at < db_now() - (case when spent_at is null or status = 'selection_required' then interval '0' else interval '5 minutes' end)
  order by expires_at limit ${BATCH}`;

/** Finishes what a process that died left half done, ends what nobody came back for, and forgets the old. */
@Injectable()
export class SweepAttempts {
  constructor(
    private readonly database: Database,
    private readonly failAttempt: FailAttempt,
    private readonly finishWaiting: FinishWaiting,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    await this.finishWaiting.execute();
    const { rows: overdue } = await this.database.pool.query<AttemptRow & { lookError: AttemptError | null }>(OVERDUE);
    for (const attempt of overdue)
      await this.tryOne(attempt.id, () =>
        this.failAttempt.execute(attempt, attempt.lookError ?? 'provider_unavailable'),
      );
    const { rows: expired } = await this.database.pool.query<AttemptRow>(EXPIRED);
    for (const attempt of expired) await this.tryOne(attempt.id, () => this.expire(attempt));
    await deleteFinalAttempts(this.database.pool);
  }

  /** One that fails keeps nobody behind it waiting. */
  private async tryOne(id: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error({ err: error, attempt: id }, 'an attempt could not be ended');
    }
  }

  private async expire(attempt: AttemptRow): Promise<void> {
    const error: AttemptError = attempt.status === 'pending' && attempt.spent ? 'exchange_failed' : 'state_expired';
    await this.failAttempt.execute(attempt, error);
  }
}
