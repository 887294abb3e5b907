import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { LOGGER, type Logger } from '#observability';
import { ATTEMPT_COLUMNS, type AttemptError, type AttemptRow, Database, deleteFinalAttempts } from '#persistence';
import { endOverdueRevocations } from '#tokens';
import { FailAttempt } from './fail-attempt.js';
import { deleteEndedReauthLinks } from './reauth-links.js';
import { FinishWaiting } from './finish-waiting.js';

const PAGE_SIZE = 200;
const TIME_LIMIT_MS = seconds(30);
const MAX_ENDED_REVOCATIONS = 1_000;
/** Attempts whose tokens have waited for an hour. One whose check is due gets that check first; after another hour it ends without one. */
const OVERDUE = `
  select ${ATTEMPT_COLUMNS}, check_error as "checkError", exchanged_at::text as position from connect_attempts
  where status = 'exchanged' and exchanged_at <= db_now() - interval '1 hour'
    and (check_due_at > db_now() or exchanged_at <= db_now() - interval '2 hours')
    and (exchanged_at, id) > ($1, $2)
  order by exchanged_at, id limit ${PAGE_SIZE}`;
const EXPIRED = `
  select ${ATTEMPT_COLUMNS}, null as "checkError", expires_at::text as position from connect_attempts
  where status in ('pending', 'selection_required', 'confirmation_required')
    and expires_at < db_now() - (case when spent_at is null or status <> 'pending' then interval '0' else interval '5 minutes' end)
    and (expires_at, id) > ($1, $2)
  order by expires_at, id limit ${PAGE_SIZE}`;
/** Before every row. The position is text, since a Date has no microseconds. */
const FIRST: [position: string, id: string] = ['-infinity', '00000000-0000-0000-0000-000000000000'];

interface EndedAttempt extends AttemptRow {
  checkError: AttemptError | null;
  position: string;
}

/**
 * Finishes attempts that an ended process left half done, ends expired ones and revocations
 * without an answer, and deletes old ones and ended reauth links.
 */
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
    await this.endAll(OVERDUE, (attempt) => attempt.checkError ?? 'provider_unavailable');
    await this.endAll(EXPIRED, errorOfExpired);
    await deleteFinalAttempts(this.database.pool);
    await deleteEndedReauthLinks(this.database.pool);
    for (const revocation of await endOverdueRevocations(this.database.pool, MAX_ENDED_REVOCATIONS))
      this.logger.warn(revocation, 'revocation.given_up');
  }

  /** Page by page: attempts that cannot be ended stay in the result, and must not keep the sweep from those behind them. */
  private async endAll(query: string, errorOf: (attempt: EndedAttempt) => AttemptError): Promise<void> {
    const time = AbortSignal.timeout(TIME_LIMIT_MS);
    for (let after = FIRST; !time.aborted;) {
      const { rows } = await this.database.pool.query<EndedAttempt>(query, after);
      for (const attempt of rows) await this.endOne(attempt, errorOf(attempt));
      const last = rows.at(-1);
      if (!last || rows.length < PAGE_SIZE) return;
      after = [last.position, last.id];
    }
  }

  private async endOne(attempt: AttemptRow, error: AttemptError): Promise<void> {
    try {
      await this.failAttempt.execute(attempt, error);
    } catch (cause) {
      this.logger.error({ err: cause, attempt: attempt.id }, 'attempt.not_ended');
    }
  }
}

const errorOfExpired = ({ status, spent }: AttemptRow): AttemptError =>
  status === 'pending' && spent ? 'exchange_failed' : 'state_expired';
