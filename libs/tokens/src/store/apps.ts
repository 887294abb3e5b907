import { recordTenantEvent, type Tenant, type Tx } from '#persistence';
import type { AppCredentials, Failure } from '#providers';
import type { AppTrouble } from '../protocol/health.js';
import type { Vault } from '../vault.js';

/** An app as the protocol sees it. */
export interface AppRow extends Tenant {
  id: string;
  clientId: string;
  status: 'active' | 'paused' | 'misconfigured';
  /** Seconds until the pause ends; 0 when it has. */
  pausedFor: number;
}

const READ = `
  select id, workspace_id as "workspaceId", environment, client_id as "clientId", status,
    greatest(0, ceil(extract(epoch from coalesce(paused_until, db_now()) - db_now())))::int as "pausedFor"
  from oauth_apps where id = $1`;

/** The app of that id; null, as in a grant whose app was deleted, finds none. */
export async function readApp(tx: Tx, appId: string | null): Promise<AppRow | undefined> {
  const { rows } = await tx.query<AppRow>(READ, [appId]);
  return rows[0];
}

/** Id and secret, to be used for one request. */
export async function openApp(tx: Tx, vault: Vault, app: AppRow): Promise<AppCredentials> {
  const clientSecret = await vault.openClientSecret(tx, app);
  if (!clientSecret) throw new Error(`the app ${app.id} has no secret`);
  return { clientId: app.clientId, clientSecret };
}

export function troubleOf(app: AppRow | undefined): AppTrouble {
  if (app?.status === 'misconfigured') return 'app_misconfigured';
  return app?.status === 'paused' ? 'app_paused' : null;
}

const PAUSE = 15 * 60;

/** A refusal that is about the app pauses the app or marks it misconfigured, with one event at the change. */
export async function blameApp(tx: Tx, app: AppRow, failure: Failure): Promise<void> {
  const status = failure.reason === 'app_paused' ? 'paused' : 'misconfigured';
  const pause = status === 'paused' ? (failure.retryAfter ?? PAUSE) : null;
  await setStatus(tx, app, { status, reason: failure.reason, pause });
}

/** An ok proves that the app is well. */
export async function clearApp(tx: Tx, app: AppRow): Promise<void> {
  if (app.status !== 'active') await setStatus(tx, app, { status: 'active', reason: null, pause: null });
}

interface AppStatus {
  status: AppRow['status'];
  reason: string | null;
  /** Seconds. */
  pause: number | null;
}

async function setStatus(tx: Tx, app: AppRow, { status, reason, pause }: AppStatus): Promise<void> {
  const { rows } = await tx.query<{ before: string }>(
    `with before as (select id, status from oauth_apps where id = $1 for update)
     update oauth_apps set status = $2, status_reason = $3, paused_until = db_now() + make_interval(secs => $4)
     from before where oauth_apps.id = before.id returning before.status as before`,
    [app.id, status, reason, pause],
  );
  if (rows[0] && rows[0].before !== status) {
    await recordTenantEvent(tx, app, 'oauth_app.status_changed', { oauth_app_id: app.id, status, reason });
  }
}

/** When another grant of the same app last got an ok; null: there is none. */
export async function canaryOkAt(tx: Tx, appId: string, grantId: string): Promise<Date | null> {
  const { rows } = await tx.query<{ at: Date | null }>(
    'select max(last_refreshed_at) as at from grants where oauth_app_id = $1 and id <> $2',
    [appId, grantId],
  );
  return rows[0]?.at ?? null;
}
