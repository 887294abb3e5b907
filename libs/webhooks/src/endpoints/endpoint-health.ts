import type { Pool } from 'pg';
import { publicId, recordTenantEvent, type Tenant, transaction, type Tx } from '#persistence';
import { exhaustWaiting, makeDue } from '../delivery/lanes.js';
import { FAILURES_UNTIL_PAUSE, waitOfPaused } from '../delivery/retry-policy.js';

/** An endpoint in the transaction that stores what one attempt has shown about it. */
interface Endpoint extends Tenant {
  id: string;
  url: string;
}

const SUCCEEDED = `
  update webhooks set consecutive_failures = 0, last_success_at = db_now() where id = $1 returning status`;
const RESUMED = `
  update webhooks set status = 'active', paused_reason = null, paused_at = null, next_try_at = null where id = $1`;

/** A success resumes a paused endpoint, and what waits for it is sent. */
export async function noteSuccess(pool: Pool, endpoint: Endpoint): Promise<void> {
  await transaction(pool, async (tx) => {
    const { rows } = await tx.query<{ status: string }>(SUCCEEDED, [endpoint.id]);
    if (rows[0]?.status !== 'paused') return;
    await tx.query(RESUMED, [endpoint.id]);
    await makeDue(tx, endpoint.id);
    await announce(tx, endpoint, 'webhook.resumed', {});
  });
}

const FAILED = `
  update webhooks set consecutive_failures = consecutive_failures + 1, last_failure_at = db_now() where id = $1
  returning status, consecutive_failures as failures`;
const PAUSED = `
  update webhooks set status = 'paused', paused_reason = 'failures', paused_at = db_now(),
    next_try_at = db_now() + $2 * interval '1 millisecond'
  where id = $1`;

/** Failures in a row, of all accounts together, pause an endpoint. */
export async function noteFailure(pool: Pool, endpoint: Endpoint, scale: number): Promise<void> {
  await transaction(pool, async (tx) => {
    const { rows } = await tx.query<{ status: string; failures: number }>(FAILED, [endpoint.id]);
    if (rows[0]?.status !== 'active' || rows[0].failures < FAILURES_UNTIL_PAUSE) return;
    await tx.query(PAUSED, [endpoint.id, waitOfPaused(0, scale)]);
    await announce(tx, endpoint, 'webhook.paused', { reason: 'failures' });
  });
}

const GONE = `
  update webhooks set status = 'disabled', paused_reason = $2, paused_at = null, next_try_at = null,
    last_failure_at = db_now(), consecutive_failures = consecutive_failures + 1
  where id = $1 and status <> 'disabled'`;

/** The endpoint gets nothing more until its owner activates it. */
export async function disable(pool: Pool, endpoint: Endpoint, reason: 'gone' | 'paused_too_long'): Promise<void> {
  await transaction(pool, async (tx) => {
    const { rowCount } = await tx.query(GONE, [endpoint.id, reason]);
    if (rowCount === 0) return;
    await exhaustWaiting(tx, endpoint.id);
    await announce(tx, endpoint, 'webhook.paused', { reason });
  });
}

const announce = (
  tx: Tx,
  { id, url, workspaceId, environment }: Endpoint,
  type: 'webhook.paused' | 'webhook.resumed',
  data: Record<string, unknown>,
): Promise<void> =>
  recordTenantEvent(tx, {
    ...{ workspaceId, environment, type, webhookId: id },
    data: { webhook_id: publicId('wh', id), host: new URL(url).host, ...data },
  });

const DUE_PAUSED = `
  select id, workspace_id as "workspaceId", environment, url,
    extract(epoch from db_now() - paused_at) * 1000 as paused
  from webhooks where status = 'paused' and next_try_at <= db_now() for no key update skip locked`;
const POSTPONED = `
  update webhooks set next_try_at = db_now() + $2 * interval '1 millisecond' where id = $1 and status = 'paused'`;

/** Returns the paused endpoints whose next attempt is due, and schedules the one after it. Disables those that were paused too long. */
export async function postponePaused(pool: Pool, scale: number): Promise<string[]> {
  const due = await transaction(pool, async (tx) => {
    const { rows } = await tx.query<Endpoint & { paused: string }>(DUE_PAUSED);
    const waits = rows.map((row) => ({ row, wait: waitOfPaused(Number(row.paused), scale) }));
    for (const { row, wait } of waits) if (wait !== null) await tx.query(POSTPONED, [row.id, wait]);
    return waits;
  });
  for (const { row, wait } of due) if (wait === null) await disable(pool, row, 'paused_too_long');
  return due.filter(({ wait }) => wait !== null).map(({ row }) => row.id);
}
