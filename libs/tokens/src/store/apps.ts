import type { Pool } from 'pg';
import {
  claimRetryTurn,
  type OAuthAppStatus,
  type OAuthAppStatusChange,
  recordTenantEvent,
  scheduleProbeOfApp,
  type StatusSource,
  storeAppStatus,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence/sql';
import type { AppCredentials, Failure } from '#providers';
import type { AppFailure } from '../protocol/health.js';
import type { Vault } from '../vault.js';
import { wakeGrants } from './grants/grants.js';

/** An app as the protocol sees it. */
export interface AppRow extends Tenant {
  id: string;
  provider: string;
  clientId: string;
  /** Grows with each new secret. */
  secretVersion: string;
  status: OAuthAppStatus;
  statusSource: StatusSource | null;
  /** Seconds until the pause ends; 0 when it has. */
  pausedFor: number;
  /** Its breaker is not closed. */
  shut: boolean;
}

const READ = `
  select id, workspace_id as "workspaceId", environment, provider, client_id as "clientId", status,
    coalesce((select version from oauth_app_secrets where oauth_app_id = oauth_apps.id), 0) as "secretVersion",
    status_source as "statusSource",
    greatest(0, ceil(extract(epoch from coalesce(paused_until, db_now()) - db_now())))::int as "pausedFor",
    exists (select 1 from breakers where oauth_app_id = oauth_apps.id and state <> 'closed') as shut
  from oauth_apps where id = `;

/** The app of that id; null, as in a grant whose app was deleted, finds none. */
export async function readApp(tx: Tx, appId: string | null): Promise<AppRow | undefined> {
  const { rows } = await tx.query<AppRow>(`${READ} $1`, [appId]);
  return rows[0];
}

/** The app that a grant was given to. */
export async function readAppOf(tx: Tx, grantId: string): Promise<AppRow | undefined> {
  const { rows } = await tx.query<AppRow>(`${READ} (select oauth_app_id from grants where id = $1)`, [grantId]);
  return rows[0];
}

/** Id and secret, to be used for one request. */
export async function openApp(tx: Tx, vault: Vault, app: AppRow): Promise<AppCredentials> {
  const clientSecret = await vault.openClientSecret(tx, app);
  if (!clientSecret) throw new Error(`the app ${app.id} has no secret`);
  return { clientId: app.clientId, clientSecret };
}

export function failureOf(app: AppRow | undefined): AppFailure {
  if (app?.status === 'misconfigured') return 'app_misconfigured';
  if (app?.status === 'paused') return 'app_paused';
  return app?.shut ? 'provider_unavailable' : null;
}

const PAUSE = 15 * 60;
/** A misconfigured app waits for its owner; in case the platform was wrong, one of its grants asks at this pace. */
const CANDIDATE = 5 * 60;

/**
 * A refusal that is about the app pauses the app or marks it misconfigured, with one event at the change. A refusal at the
 * token endpoint outranks one at the API: it alone holds back refreshes.
 */
export async function markAppFailing(tx: Tx, app: AppRow, failure: Failure, source: StatusSource): Promise<void> {
  if (source === 'token' && (await hasNewerSecret(tx, app))) return;
  const status = failure.reason === 'app_paused' ? 'paused' : 'misconfigured';
  const pause = failure.retryAfter ?? (status === 'paused' ? PAUSE : CANDIDATE);
  const changed = await setStatus(tx, app, { status, reason: failure.reason, source, pauseSeconds: pause });
  if (changed && source === 'api') await scheduleProbeOfApp(tx, app.id, pause);
}

/** An answer to an earlier secret says nothing about the app with the present one. Locks the app against a change of it. */
async function hasNewerSecret(tx: Tx, { id, secretVersion }: AppRow): Promise<boolean> {
  await tx.query('select 1 from oauth_apps where id = $1 for update', [id]);
  const { rowCount } = await tx.query('select 1 from oauth_app_secrets where oauth_app_id = $1 and version > $2', [
    id,
    secretVersion,
  ]);
  return rowCount !== 0;
}

/** The same for a call of an API that was made for an attempt or a grant of the app: a refusal of another class says nothing of it. */
export async function reportAppFailure(pool: Pool, appId: string | null, failure: Failure): Promise<void> {
  if (failure.class !== 'app') return;
  await transaction(pool, async (tx) => {
    const app = await readApp(tx, appId);
    if (app) await markAppFailing(tx, app, failure, 'api');
  });
}

/** The tokens of a code were accepted at the API: both kinds of endpoint accept the app. */
export async function reportAppSuccess(pool: Pool, appId: string | null): Promise<void> {
  const app = await readApp(pool, appId);
  if (app && app.status !== 'active')
    await transaction(pool, (tx) => markAppActive(tx, app, app.statusSource ?? 'api'));
}

/** A success proves that the app is accepted at this kind of endpoint: its grants need not wait for the end of the pause. */
export async function markAppActive(tx: Tx, app: AppRow, source: StatusSource): Promise<void> {
  if (app.status === 'active' || (app.statusSource ?? source) !== source) return;
  if (source === 'token' && (await hasNewerSecret(tx, app))) return;
  await wakeGrants(tx, app.id);
  await setStatus(tx, app, { status: 'active', reason: null, source, pauseSeconds: null });
}

/** Seconds that a refresh of this app has to wait. An app that is refused at its API alone has its tokens refreshed. Of a misconfigured app one grant asks first, and the others wait for its answer. */
export async function waitOf(tx: Tx, app: AppRow): Promise<number> {
  if (app.status === 'active' || app.statusSource === 'api') return 0;
  if (app.pausedFor > 0) return app.pausedFor;
  if (app.status === 'paused') return 0;
  return (await claimRetryTurn(tx, app.id, CANDIDATE)) ? 0 : CANDIDATE;
}

/** Whether the app has another status now. */
async function setStatus(tx: Tx, app: AppRow, change: OAuthAppStatusChange): Promise<boolean> {
  const before = await storeAppStatus(tx, app.id, change);
  if (before === undefined || before === change.status) return false;
  const { status, reason } = change;
  const { workspaceId, environment } = app;
  const data = { oauth_app_id: app.id, status, reason };
  await recordTenantEvent(tx, { workspaceId, environment, type: 'oauth_app.status_changed', data });
  return true;
}
