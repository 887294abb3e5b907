import { recordTenantEvent, type Tx } from '#persistence';
import type { Vault } from '#tokens';
import type { AttemptRow } from './attempt-row.js';

/** Why an attempt failed, as the browser and the attempt say it. */
export type AttemptError =
  | 'access_denied'
  | 'state_expired'
  | 'exchange_failed'
  | 'missing_permissions'
  | 'app_misconfigured'
  | 'provider_unavailable'
  | 'server_error';

/** Ends an open attempt: what was sealed in it is destroyed, its event goes out. Whether it was still open. */
export async function failAttempt(tx: Tx, vault: Vault, attempt: AttemptRow, error: AttemptError): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update connect_attempts set status = 'failed', error = $2, finished_at = db_now()
     where id = $1 and status in ('pending', 'exchanged')`,
    [attempt.id, error],
  );
  if (rowCount === 0) return false;
  await vault.shredAttempt(tx, attempt.id);
  const data = { provider: attempt.provider, error, user_ref: attempt.userRef };
  await recordTenantEvent(tx, attempt, 'oauth_attempt.failed', data);
  return true;
}
