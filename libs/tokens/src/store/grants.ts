import type { Tx } from '#persistence/sql';
import type { GrantChange, GrantFacts } from '../protocol/grant.js';
import { assignments, grantColumns, toGrant } from './grant-columns.js';

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
