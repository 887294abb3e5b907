import type { Tx } from '../tx.js';
import { type AttemptError, STATUSES_WITH_TOKENS } from './attempt-row.js';

/** When the identity of an attempt is checked again, and what it fails with if no later answer is better. */
export interface NextIdentityCheck {
  waitSeconds: number;
  error: AttemptError;
}

/**
 * Counts one identity check and schedules the next. They are counted anew in each status.
 * An attempt that waits for its caller is checked with the caller's next request.
 */
export async function scheduleNextIdentityCheck(tx: Tx, attemptId: string, next: NextIdentityCheck): Promise<void> {
  await tx.query(
    `update connect_attempts set checks = checks + 1, check_due_at = db_now() + make_interval(secs => $2), check_error = $3
     where id = $1 and status in ${STATUSES_WITH_TOKENS}`,
    [attemptId, next.waitSeconds, next.error],
  );
}

/** An attempt without any check belongs for 30 seconds to the process that exchanged its code. */
const CHECK_IS_DUE = `status = 'exchanged' and coalesce(check_due_at, exchanged_at + interval '30 seconds') <= db_now()`;

/** An app with an identity check that is due. `platform`: with the environment, since the sandbox is a platform of its own. */
export interface AppWithDueCheck {
  id: string;
  platform: string;
}

/** Those with the fewest checks first: new ones go before stuck ones. */
export async function findAppsWithDueChecks(tx: Tx): Promise<AppWithDueCheck[]> {
  const { rows } = await tx.query<AppWithDueCheck & Record<string, unknown>>(
    `select oauth_app_id as id, environment || '/' || provider as platform from connect_attempts where ${CHECK_IS_DUE}
     group by 1, 2 order by min(checks), min(exchanged_at)`,
  );
  return rows;
}

/** Takes the next due attempt of an app, for the two minutes that a check may need: of two sweeps one gets it. */
export async function claimDueCheck(tx: Tx, oauthAppId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `update connect_attempts set check_due_at = db_now() + interval '2 minutes' where id = (
       select id from connect_attempts where oauth_app_id = $1 and ${CHECK_IS_DUE}
       order by checks, exchanged_at limit 1 for update skip locked)
     returning id`,
    [oauthAppId],
  );
  return rows[0]?.id;
}
