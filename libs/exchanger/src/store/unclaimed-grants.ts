import DataLoader from 'dataloader';
import type { Tenant, Tx } from '#persistence/sql';
import type { AdmissionRequest } from '../gate/gate.js';
import { type GrantFacts, isBehind, type StoredGrant } from '#tokens/protocol';
import { currentMode } from '#tokens/store';
import type { KeptAnswer } from '../journal/journal.js';
import { isInGrace } from './resends.js';

/** A grant before its claim, as the gate needs it. `appId` is null where the app was deleted. */
export interface UnclaimedGrant extends Tenant, Omit<AdmissionRequest, 'appId'> {
  appId: string | null;
  /** The workspace of the app: another one than that of the grant for an account of the pool. */
  appWorkspaceId: string | null;
  state: GrantFacts['refreshState'];
  /** Seconds since the first unanswered request with this token; null: its outcome is known. */
  sentAgo: number | null;
  provider: string;
  mode: GrantFacts['mode'];
  tokenVersion: string;
  due: boolean;
}

/** Expired tokens are equally late and go in order of arrival; otherwise the same few of an app with an open breaker would go first each time. */
const READ = `
  select id as "grantId", oauth_app_id as "appId", workspace_id as "workspaceId", environment,
    (select workspace_id from oauth_apps where oauth_apps.id = oauth_app_id) as "appWorkspaceId",
    case when access_expires_at < db_now() then db_now() else access_expires_at end as "accessExpiresAt",
    refresh_state as state, coalesce(refresh_due_at <= db_now(), false) as due,
    provider, environment || '/' || provider as platform, mode, token_version as "tokenVersion",

    (select extract(epoch from db_now() - min(dispatched_at))::float8 from exchange_intents
     where grants.refresh_state = 'unknown' and grant_id = grants.id and exchange_intents.token_version = grants.token_version
       and state in ('dispatched', 'unknown')) as "sentAgo"
  from grants where id = any($1)`;

type Unclaimed = Omit<UnclaimedGrant, 'urgency' | 'inGrace'>;

/** Grants read by one statement. */
const AT_ONCE = 500;
const loaders = new WeakMap<Tx, DataLoader<string, Unclaimed | undefined>>();

/** Grants that are read at the same moment are read by one statement: thousands may come at once. */
export async function readUnclaimed(tx: Tx, grantId: string, forced: boolean): Promise<UnclaimedGrant | undefined> {
  const unclaimed = await loaderOf(tx).load(grantId);
  return unclaimed && { ...unclaimed, inGrace: isInGrace(unclaimed), urgency: urgencyOf(unclaimed, forced) };
}

function urgencyOf({ state }: Unclaimed, forced: boolean): AdmissionRequest['urgency'] {
  if (state === 'unknown') return 'unknown';
  return forced ? 'forced' : 'due';
}

function loaderOf(tx: Tx): DataLoader<string, Unclaimed | undefined> {
  const loader = loaders.get(tx) ?? new DataLoader((ids) => readAll(tx, ids), { cache: false, maxBatchSize: AT_ONCE });
  loaders.set(tx, loader);
  return loader;
}

async function readAll(tx: Tx, ids: readonly string[]): Promise<(Unclaimed | undefined)[]> {
  const { rows } = await tx.query<Unclaimed & Record<string, unknown>>(READ, [ids]);
  const byId = new Map(rows.map((row) => [row.grantId, { ...row, mode: currentMode(row) }]));
  return ids.map((id) => byId.get(id));
}

/** Unknown outcomes that are due, the latest first, because a grace period is short. Revoked grants are excluded; they are retried on their own schedule. */
const UNKNOWN = `
  select id from grants where refresh_state = 'unknown' and refresh_due_at <= db_now() and ended_reason is null
  order by unknown_since desc limit $1`;

export async function findUnknownGrants(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(UNKNOWN, [limit]);
  return rows.map(({ id }) => id);
}

const STORED = `
  select id, token_version as "tokenVersion", refresh_state as "refreshState", consented_at as "consentedAt"
  from grants where id = any($1)`;

/** Of the grants of these answers, those whose tokens the database has lost. */
export async function findGrantsBehind(tx: Tx, kept: readonly KeptAnswer[]): Promise<string[]> {
  const { rows } = await tx.query<StoredGrant & { id: string }>(STORED, [kept.map(({ grantId }) => grantId)]);
  const stored = new Map(rows.map(({ id, ...grant }) => [id, grant]));
  return kept.flatMap((answer) => {
    const grant = stored.get(answer.grantId);
    return grant && isBehind(grant, answer) ? [answer.grantId] : [];
  });
}
