import DataLoader from 'dataloader';
import type { Tenant, Tx } from '#persistence/sql';
import type { AdmissionRequest } from '../gate/gate.js';
import type { GrantFacts } from '#tokens/protocol';
import { isInGrace } from './resends.js';

/** A grant before its claim: what the gate decides by. `appId` is null where the app was deleted. */
export interface UnclaimedGrant extends Tenant, Omit<AdmissionRequest, 'appId'> {
  appId: string | null;
  state: GrantFacts['refreshState'];
  /** How long ago the token was first sent that nobody answered, in seconds; null: its outcome is known. */
  sentAgo: number | null;
  provider: string;
  mode: GrantFacts['mode'];
  due: boolean;
}

/** Tokens that have ended are equally late: who comes first goes first, or the same few of a shut app would go again and again. */
const READ = `
  select id as "grantId", oauth_app_id as "appId", workspace_id as "workspaceId", environment,
    case when access_expires_at < db_now() then db_now() else access_expires_at end as "accessExpiresAt",
    refresh_state as state, coalesce(refresh_due_at <= db_now(), false) as due,
    provider, mode,
    (select extract(epoch from db_now() - min(dispatched_at))::float8 from exchange_intents
     where grants.refresh_state = 'unknown' and grant_id = grants.id and exchange_intents.token_version = grants.token_version
       and state in ('dispatched', 'unknown')) as "sentAgo"
  from grants where id = any($1)`;

type Unclaimed = Omit<UnclaimedGrant, 'urgency' | 'inGrace'>;

/** As many as one statement reads. */
const AT_ONCE = 500;
const loaders = new WeakMap<Tx, DataLoader<string, Unclaimed | undefined>>();

/** Grants that are looked at in the same moment are read by one statement: thousands may come at once. */
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
  const byId = new Map(rows.map((row) => [row.grantId, row]));
  return ids.map((id) => byId.get(id));
}

/** Those whose outcome nobody knows and who may be asked for again, the latest first: a grace period is short. Who is dead by his rule has time. */
const UNKNOWN = `
  select id from grants where refresh_state = 'unknown' and refresh_due_at <= db_now() and ended_reason is null
  order by unknown_since desc limit $1`;

export async function findUnknownGrants(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(UNKNOWN, [limit]);
  return rows.map(({ id }) => id);
}
