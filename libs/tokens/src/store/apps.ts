import type { Pool } from 'pg';
import {
  claimRetryTurn,
  claimSecretTurn,
  endSecretTurn,
  endSecretWait,
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
import { wakeGrants } from './grants/grants-of-app.js';
import { wakeRevocations } from './revocations.js';

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
  /** Seconds until a request may use the secret, which the platform has not accepted yet; null: it has. */
  secretTurnIn: number | null;
  /** Its breaker is not closed. */
  shut: boolean;
}

const READ = `
  select id, workspace_id as "workspaceId", environment, provider, client_id as "clientId", status,
    coalesce((select version from oauth_app_secrets where oauth_app_id = oauth_apps.id), 0) as "secretVersion",
    status_source as "statusSource",
    greatest(0, ceil(extract(epoch from coalesce(paused_until, db_now()) - db_now())))::int as "pausedFor",
    case when secret_turn_until is not null
      then greatest(0, ceil(extract(epoch from secret_turn_until - db_now())))::int end as "secretTurnIn",
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
/** A misconfigured app waits for its owner; in case the platform was wrong, one of its grants is refreshed at this pace. */
const CANDIDATE = 5 * 60;

/**
 * A refusal that is about the app pauses the app or marks it misconfigured, with one event at the change. A refusal at the
 * token endpoint outranks one at the API: it alone holds back refreshes.
 */
export async function markAppFailing(tx: Tx, app: AppRow, failure: Failure, source: StatusSource): Promise<void> {
  if (source === 'token' && (await hasNewerSecret(tx, app))) return;
  const [status, pause] =
    failure.reason === 'app_paused' ? (['paused', PAUSE] as const) : (['misconfigured', CANDIDATE] as const);
  const pauseSeconds = failure.retryAfter ?? pause;
  const changed = await setStatus(tx, app, { status, reason: failure.reason, source, pauseSeconds });
  if (source === 'api') return changed ? scheduleProbeOfApp(tx, app.id, pauseSeconds) : undefined;
  if (status === 'misconfigured') await endSecretWait(tx, app.id);
}

/** An answer to an earlier secret proves nothing about the present one. Locks the app against a change of its secret. */
async function hasNewerSecret(tx: Tx, { id, secretVersion }: AppRow): Promise<boolean> {
  await tx.query('select 1 from oauth_apps where id = $1 for no key update', [id]);
  const { rowCount } = await tx.query('select 1 from oauth_app_secrets where oauth_app_id = $1 and version > $2', [
    id,
    secretVersion,
  ]);
  return rowCount !== 0;
}

/** The same for a call of an API that was made for an attempt or a grant of the app: a refusal of another class proves nothing about it. */
export async function reportAppFailure(pool: Pool, appId: string | null, failure: Failure): Promise<void> {
  if (failure.class !== 'app') return;
  await transaction(pool, async (tx) => {
    const app = await readApp(tx, appId);
    if (app) await markAppFailing(tx, app, failure, 'api');
  });
}

/** The tokens of a code were accepted at the API. The status of the token endpoint is stored with the exchange itself. */
export async function reportAppSuccess(pool: Pool, appId: string | null): Promise<void> {
  const app = await readApp(pool, appId);
  if (app && app.status !== 'active') await transaction(pool, (tx) => markAppActive(tx, app, 'api'));
}

/** A success proves that the app is accepted at this kind of endpoint: its grants need not wait for the end of the pause. */
export async function markAppActive(tx: Tx, app: AppRow, source: StatusSource): Promise<void> {
  const acceptsSecret = source === 'token' && app.secretTurnIn !== null;
  const endsStatus = isStatusOf(app, source);
  if (!acceptsSecret && !endsStatus) return;
  if (source === 'token' && (await hasNewerSecret(tx, app))) return;
  await wakeGrants(tx, app.id);
  if (acceptsSecret) await releaseSecret(tx, app);
  if (endsStatus) await setStatus(tx, app, { status: 'active', reason: null, source, pauseSeconds: null });
}

const isStatusOf = ({ status, statusSource }: AppRow, source: StatusSource): boolean =>
  status !== 'active' && (statusSource ?? source) === source;

/** The id and the secret of an app are right. That ends no pause, which has other reasons. */
export async function acceptSecret(tx: Tx, app: AppRow): Promise<void> {
  if (app.status === 'misconfigured') return markAppActive(tx, app, 'token');
  if (app.secretTurnIn === null || (await hasNewerSecret(tx, app))) return;
  await wakeGrants(tx, app.id);
  await releaseSecret(tx, app);
}

/** Everything that waits for the secret may use it. */
async function releaseSecret(tx: Tx, { id }: AppRow): Promise<void> {
  if (await endSecretWait(tx, id)) await wakeRevocations(tx, id);
}

/**
 * Seconds that a refresh of this app has to wait. An app that is refused at its API alone has its tokens refreshed. Of a
 * misconfigured app, and of one with a new secret, one grant is refreshed first, and the others wait for its answer. `inGrace`: the
 * refresh resolves an unknown outcome, and its token may be lost if it waits for a secret.
 */
export async function waitOf(tx: Tx, app: AppRow, { inGrace = false }: { inGrace?: boolean } = {}): Promise<number> {
  if (app.secretTurnIn === null) return waitOfStatus(tx, app);
  if (app.status === 'paused' && app.statusSource !== 'api' && app.pausedFor > 0) return app.pausedFor;
  return inGrace ? 0 : waitForSecret(tx, app);
}

async function waitForSecret(tx: Tx, { id }: AppRow): Promise<number> {
  if (await claimSecretTurn(tx, id)) return 0;
  const app = await readApp(tx, id);
  if (!app) return 0;
  return app.secretTurnIn === null ? waitOfStatus(tx, app) : Math.max(1, app.secretTurnIn);
}

async function waitOfStatus(tx: Tx, app: AppRow): Promise<number> {
  if (app.status === 'active' || app.statusSource === 'api') return 0;
  if (app.pausedFor > 0) return app.pausedFor;
  if (app.status === 'paused') return 0;
  return (await claimRetryTurn(tx, app.id, CANDIDATE)) ? 0 : CANDIDATE;
}

/**
 * After the request of an app: where its result proves nothing about a new secret, another grant gets the turn to use it. A later
 * secret has a turn of its own.
 */
export async function passSecretTurn(pool: Pool, app: AppRow): Promise<void> {
  if (app.secretTurnIn === null) return;
  await transaction(pool, async (tx) => {
    if (!(await hasNewerSecret(tx, app))) await endSecretTurn(tx, app.id);
  });
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
