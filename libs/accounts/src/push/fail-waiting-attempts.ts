import {
  ATTEMPT_COLUMNS,
  type AppUser,
  type AttemptRow,
  markAttemptFailed,
  recordTenantEvent,
  type Tenant,
  type Tx,
} from '#persistence';
import { discardAttempt, type TokenContext } from '#tokens';

/** A person at one app of one tenant. */
export interface Person extends AppUser {
  tenant: Tenant;
}

const WAITING = `
  select ${ATTEMPT_COLUMNS} from connect_attempts
  where oauth_app_id = $1 and platform_user_id = $2 and status in ('exchanged', 'selection_required')
    and exchanged_at <= coalesce($3::timestamptz + interval '1 second', 'infinity') for update`;

/**
 * Ends the consents of a person that wait to become accounts. `revoke`: the platform may still accept their tokens. Returns the
 * ids of the stored revocations.
 */
export async function failWaitingAttempts(
  context: TokenContext,
  tx: Tx,
  person: Person,
  { until, revoke }: { until: Date | null; revoke: boolean },
): Promise<string[]> {
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(WAITING, [
    person.oauthAppId,
    person.platformUserId,
    until,
  ]);
  const revocations: string[] = [];
  for (const attempt of rows) {
    await markAttemptFailed(tx, attempt.id, 'access_denied');
    if (revoke) revocations.push(...[await discardAttempt(context, tx, attempt)].filter((id) => id !== undefined));
    else await context.vault.shredAttempt(tx, attempt.id);
    const data = { provider: attempt.provider, error: 'access_denied', user_ref: attempt.userRef };
    await recordTenantEvent(tx, person.tenant, 'oauth_attempt.failed', data);
  }
  return revocations;
}
