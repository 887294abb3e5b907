import type { Pool } from 'pg';
import { publicId, recordTenantEvent, type Tenant, transaction, type Tx } from '#persistence';
import { exhaustWaiting, makeDue } from '../delivery/lanes.js';
import { FAILURES_UNTIL_PAUSE, waitOfPaused } from '../delivery/retry-policy.js';

export interface Endpoint extends Tenant {
  id: string;
  url: string;
}

const RESULTS = 'json_to_recordset($1::json) as result (id uuid, succeeded boolean, failed boolean, failures integer)';

/** What one attempt has shown about its endpoint. */
export interface EndpointResult {
  endpoint: Endpoint;
  kind: 'succeeded' | 'failed' | 'gone';
}

/** An endpoint that works is updated once a second at most. The order of the locks is that of the ids. */
const NOTED = `
  with locked as (select id from webhooks where id in (select id from ${RESULTS}) order by id for no key update)
  update webhooks hook set
    consecutive_failures = result.failures + case when result.succeeded then 0 else hook.consecutive_failures end,
    last_success_at = case when result.succeeded then db_now() else hook.last_success_at end,
    last_failure_at = case when result.failed then db_now() else hook.last_failure_at end
  from locked join ${RESULTS} on result.id = locked.id
  where hook.id = locked.id and not (not result.failed and hook.status = 'active' and hook.consecutive_failures = 0
    and coalesce(hook.last_success_at between db_now() - interval '1 second' and db_now(), false))
  returning hook.id, hook.status, hook.consecutive_failures as failures, result.succeeded`;

/** Stores what attempts have shown about their endpoints, the oldest first, and pauses, resumes and disables endpoints by it. */
export async function noteResults(pool: Pool, results: readonly EndpointResult[], scale: number): Promise<void> {
  const endpoints = new Map(results.map(({ endpoint }) => [endpoint.id, endpoint]));
  const sums = [...endpoints.keys()].map((id) => sumOf(id, results)).filter(({ kinds }) => kinds > 0);
  const { rows } = sums.length > 0 ? await pool.query<Noted>(NOTED, [JSON.stringify(sums)]) : { rows: [] };
  for (const noted of rows) await follow(pool, endpoints.get(noted.id), noted, scale);
  for (const { endpoint, kind } of results) if (kind === 'gone') await disable(pool, endpoint, 'gone');
}

async function follow(pool: Pool, endpoint: Endpoint | undefined, noted: Noted, scale: number): Promise<void> {
  if (!endpoint) return;
  const { status, failures, succeeded } = noted;
  if (status === 'paused' && succeeded) await resume(pool, endpoint);
  else if (status === 'active' && failures >= FAILURES_UNTIL_PAUSE) await pause(pool, endpoint, scale);
}

interface Noted {
  id: string;
  status: string;
  failures: number;
  succeeded: boolean;
}

interface Sum {
  id: string;
  succeeded: boolean;
  failed: boolean;
  /** After the last success. */
  failures: number;
  kinds: number;
}

function sumOf(id: string, results: readonly EndpointResult[]): Sum {
  const kinds = results.filter(({ endpoint, kind }) => endpoint.id === id && kind !== 'gone').map(({ kind }) => kind);
  const failures = kinds.length - 1 - kinds.lastIndexOf('succeeded');
  return {
    id,
    failures,
    succeeded: kinds.includes('succeeded'),
    failed: kinds.includes('failed'),
    kinds: kinds.length,
  };
}

const RESUMED = `
  update webhooks set status = 'active', paused_reason = null, paused_at = null, next_try_at = null
  where id = $1 and status = 'paused'`;

/** What waits for the endpoint is sent. */
async function resume(pool: Pool, endpoint: Endpoint): Promise<void> {
  await transaction(pool, async (tx) => {
    if ((await tx.query(RESUMED, [endpoint.id])).rowCount === 0) return;
    await makeDue(tx, endpoint.id);
    await announce(tx, endpoint, 'webhook.resumed', {});
  });
}

const PAUSED = `
  update webhooks set status = 'paused', paused_reason = 'failures', paused_at = db_now(),
    next_try_at = db_now() + $2 * interval '1 millisecond'
  where id = $1 and status = 'active'`;

async function pause(pool: Pool, endpoint: Endpoint, scale: number): Promise<void> {
  await transaction(pool, async (tx) => {
    if ((await tx.query(PAUSED, [endpoint.id, waitOfPaused(0, scale)])).rowCount === 0) return;
    await announce(tx, endpoint, 'webhook.paused', { reason: 'failures' });
  });
}

const GONE = `
  update webhooks set status = 'disabled', paused_reason = $2, paused_at = null, next_try_at = null,
    last_failure_at = db_now(), consecutive_failures = consecutive_failures + 1
  where id = $1 and status <> 'disabled'`;

/** The endpoint gets nothing more until its owner activates it. */
async function disable(pool: Pool, endpoint: Endpoint, reason: 'gone' | 'paused_too_long'): Promise<void> {
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
