import { recordTenantEvent, type Tenant, type Tx } from '#persistence';
import { discardAttempt, type Room } from '#tokens';
import { ATTEMPT_COLUMNS, type AttemptRow } from '../connect/attempt-row.js';

/** Somebody at one app of one tenant. */
export interface Person {
  tenant: Tenant;
  oauthAppId: string;
  platformUserId: string;
}

const WAITING = `
  select ${ATTEMPT_COLUMNS} from connect_attempts
  where oauth_app_id = $1 and platform_user_id = $2 and status in ('exchanged', 'selection_required')
    and exchanged_at <= coalesce($3::timestamptz + interval '1 second', 'infinity') for update`;
const FAIL = `update connect_attempts set status = 'failed', error = 'access_denied', finished_at = db_now() where id = $1`;

/** Consents of the person that wait to become accounts are over too; their token sets are dead at the platform already. */
export async function failWaitingAttempts(room: Room, tx: Tx, person: Person, until: Date | null): Promise<void> {
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(WAITING, [person.oauthAppId, person.platformUserId, until]);
  for (const attempt of rows) {
    await tx.query(FAIL, [attempt.id]);
    await discardAttempt(room, tx, attempt, null);
    const data = { provider: attempt.provider, error: 'access_denied', user_ref: attempt.userRef };
    await recordTenantEvent(tx, person.tenant, 'oauth_attempt.failed', data);
  }
}
