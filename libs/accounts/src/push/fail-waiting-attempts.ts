import {
  ATTEMPT_COLUMNS,
  type AppUser,
  type AttemptRow,
  markAttemptFailed,
  recordTenantEvent,
  type Tenant,
  type Tx,
} from '#persistence';
import { discardAttempt, type RevocableTokens, type TokenContext } from '#tokens';

/** A person at one app of one tenant. */
export interface Person extends AppUser {
  tenant: Tenant;
}

const WAITING = `
  select ${ATTEMPT_COLUMNS} from connect_attempts
  where oauth_app_id = $1 and platform_user_id = $2 and status in ('exchanged', 'selection_required')
    and exchanged_at <= coalesce($3::timestamptz + interval '1 second', 'infinity') for update`;

/** Consents of the person that wait to become accounts are over too. Their token sets come back in case the platform still takes them. */
export async function failWaitingAttempts(
  context: TokenContext,
  tx: Tx,
  person: Person,
  until: Date | null,
): Promise<RevocableTokens[]> {
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(WAITING, [
    person.oauthAppId,
    person.platformUserId,
    until,
  ]);
  const revocable: RevocableTokens[] = [];
  for (const attempt of rows) {
    await markAttemptFailed(tx, attempt.id, 'access_denied');
    const tokens = await discardAttempt(context, tx, attempt);
    if (tokens) revocable.push(tokens);
    const data = { provider: attempt.provider, error: 'access_denied', user_ref: attempt.userRef };
    await recordTenantEvent(tx, person.tenant, 'oauth_attempt.failed', data);
  }
  return revocable;
}
