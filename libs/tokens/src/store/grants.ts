import type { QueryResultRow } from 'pg';
import type { GrantChange, GrantFacts } from '../protocol/grant.js';
import type { Tx } from '#persistence/sql';

const FACTS = {
  id: 'id',
  workspaceId: 'workspace_id',
  environment: 'environment',
  provider: 'provider',
  oauthAppId: 'oauth_app_id',
  platformUserId: 'platform_user_id',
  tokenVersion: 'token_version',
  mode: 'mode',
  scopes: 'scopes',
  accessExpiresAt: 'access_expires_at',
  refreshExpiresAt: 'refresh_expires_at',
  reauthDueAt: 'reauth_due_at',
  issuedAt: 'issued_at',
  lastRefreshedAt: 'last_refreshed_at',
  refreshState: 'refresh_state',
  claimEpoch: 'claim_epoch',
  refreshDueAt: 'refresh_due_at',
  attempt: 'attempt',
  lastClass: 'last_class',
  lastReason: 'last_reason',
  lastError: 'last_error',
  strikeCount: 'strike_count',
  firstStrikeAt: 'first_strike_at',
  lastStrikeAt: 'last_strike_at',
  apiCheck: 'witness',
  unknownSince: 'unknown_since',
  rejectedSeconds: 'rejected_seconds',
  rejectedAt: 'rejected_at',
  endedReason: 'ended_reason',
} as const satisfies Record<keyof GrantFacts, string>;

/** The select list that reads GrantFacts from the table or alias `from`. */
export const grantColumns = (from: string): string =>
  Object.entries(FACTS)
    .map(([name, column]) => `${from}.${column} as "${name}"`)
    .join(', ');

/** The grant that `grantColumns` selected. */
export const toGrant = (row: QueryResultRow): GrantFacts => row as GrantFacts;

/** `a = $n, b = $n+1` for the facts that change, and their values in order. */
export function assignments(change: GrantChange, firstParameter: number): { sql: string; values: unknown[] } {
  const entries = Object.entries(change) as [keyof GrantChange, unknown][];
  return {
    sql: entries.map(([name], index) => `${FACTS[name]} = $${firstParameter + index}`).join(', '),
    values: entries.map(([, value]) => value),
  };
}

/** A grant and what time the database says it is. */
export interface GrantAt {
  grant: GrantFacts;
  now: Date;
}

const READ = `select ${grantColumns('grants')}, db_now() as now from grants where id = $1`;

export async function readGrant(tx: Tx, grantId: string): Promise<GrantAt | undefined> {
  const { rows } = await tx.query<{ now: Date }>(READ, [grantId]);
  return rows[0] && { grant: toGrant(rows[0]), now: rows[0].now };
}

/** Rows are locked in one order everywhere, grant, accounts, app: who takes the grant first meets nobody coming the other way. */
export async function lockGrant(tx: Tx, grantId: string): Promise<void> {
  await tx.query('select 1 from grants where id = $1 for update', [grantId]);
}

export async function databaseNow(tx: Tx): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>('select db_now() as now');
  return rows[0]?.now ?? new Date(NaN);
}

export interface ChangeOptions {
  /** Adds one to the version. */
  rotate?: boolean;
  /** Only while this claim is the last one: what brings no tokens must not speak over a newer exchange. */
  epoch?: string | null;
}

/** Changes a grant whose version is still the one that was read. The new version, or undefined: it had moved on. */
export async function changeGrant(
  tx: Tx,
  grant: Pick<GrantFacts, 'id' | 'tokenVersion'>,
  change: GrantChange,
  { rotate = false, epoch = null }: ChangeOptions = {},
): Promise<string | undefined> {
  const set = assignments(change, 4);
  const { rows } = await tx.query<{ version: string }>(
    `update grants set claim_holder = null, claim_until = null, ${set.sql}${rotate ? ', token_version = token_version + 1' : ''}
     where id = $1 and token_version = $2 and claim_epoch = coalesce($3, claim_epoch) returning token_version as version`,
    [grant.id, grant.tokenVersion, epoch, ...set.values],
  );
  return rows[0]?.version;
}
