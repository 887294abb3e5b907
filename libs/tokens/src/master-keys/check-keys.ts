import type { Pool } from 'pg';
import { seconds } from '#config';
import { type Keyring, SealBroken } from '#crypto';
import { codeOf, CodedError, type Logger } from '#observability';
import { type Environment, transaction, type Tx } from '#persistence/sql';
import { SEALED_TABLES } from '#persistence/sealed';
import { Vault } from '../vault.js';
import { opensCanary } from './key-canary.js';

/** A key is needed from its first use until it is retired: journals, states and cursors have no row that names it. */
const FOREIGN = `
  select id, sum(rows) as rows from (
    select kek_id as id, count(*) as rows from (
      ${SEALED_TABLES.map(({ table }) => `select kek_id from ${table.name} where kek_id <> all($1)`).join(' union all ')}
    ) as sealed group by 1
    union all
    select id, 0 from master_keys where first_sealed_at is not null and retired_at is null and id <> all($1)
  ) as needed group by 1 order by 1`;
/** A start does not wait longer than this for tables of many millions. */
const CHECK_TIMEOUT = seconds(15);
const QUERY_CANCELED = '57014';
/** One damaged row is no wrong key; that none of these opens is. */
const SAMPLE = 3;

interface CheckOptions {
  pool: Pool;
  keyring: Keyring;
  logger: Logger;
  /** Milliseconds for each statement that reads rows. */
  within?: number;
}

/**
 * Refuses to start with keys that cannot open what is sealed: found at the first refresh it would be an outage. Every key id
 * in use must be known, and the canary of each key must open, or some of its rows where it has no canary yet. Returns the ids
 * of the keys whose bytes were checked to the end: the others were slow, and may be wrong.
 */
export async function checkKeys(options: CheckOptions): Promise<string[]> {
  const { pool, keyring } = options;
  // The cheap check comes first and has no limit: a slow count of rows must not let a wrong key through.
  const checked = await checkCanaries(pool, keyring);
  for (const id of keyring.ids.filter((one) => !checked.includes(one)))
    if (await inTime(options, (tx) => checkBytes(tx, new Vault(keyring), id))) checked.push(id);
  await inTime(options, (tx) => checkIds(tx, keyring));
  return checked;
}

/** False where a statement took too long: a start does not wait for it. */
async function inTime(
  { pool, logger, within = CHECK_TIMEOUT }: CheckOptions,
  check: (tx: Tx) => Promise<void>,
): Promise<boolean> {
  try {
    await transaction(pool, async (tx) => {
      await tx.query(`set local statement_timeout = ${within}`);
      await check(tx);
    });
    return true;
  } catch (error) {
    if (codeOf(error) !== QUERY_CANCELED) throw error;
    logger.warn('master_keys.not_checked');
    return false;
  }
}

async function checkIds(tx: Tx, keyring: Keyring): Promise<void> {
  const { rows } = await tx.query<{ id: string; rows: string }>(FOREIGN, [keyring.ids]);
  if (rows.length === 0) return;
  const missing = rows.map(({ id, rows: count }) => `"${id}" (sealed rows: ${count})`).join(', ');
  throw new CodedError(
    'keys.missing',
    `MASTER_KEYS lacks a key that is in use: ${missing}. Put it back, behind the first one; see docs/runbooks/master-keys.md.`,
  );
}

/** The ids of the keys whose canary opens: of these no row has to open, and after a rotation only damaged ones may be left. */
async function checkCanaries(tx: Tx, keyring: Keyring): Promise<string[]> {
  const { rows } = await tx.query<{ id: string; canary: Buffer }>(
    'select id, canary from master_keys where id = any($1)',
    [keyring.ids],
  );
  const wrong = rows.find(({ id, canary }) => !opensCanary(keyring, id, canary));
  if (!wrong) return rows.map(({ id }) => id);
  throw new CodedError(
    'keys.wrong',
    `MASTER_KEYS has a key "${wrong.id}" with other bytes than the key of this id that was used before. See docs/runbooks/master-keys.md.`,
  );
}

async function checkBytes(tx: Tx, vault: Vault, keyId: string): Promise<void> {
  const { rows: grants } = await tx.query<Sealed>(
    `select g.id, g.workspace_id as "workspaceId", g.environment from grant_tokens t join grants g on g.id = t.grant_id where t.kek_id = $1 limit ${SAMPLE}`,
    [keyId],
  );
  const { rows: apps } = await tx.query<Sealed>(
    `select a.id, a.workspace_id as "workspaceId", a.environment from oauth_app_secrets s join oauth_apps a on a.id = s.oauth_app_id where s.kek_id = $1 limit ${SAMPLE}`,
    [keyId],
  );
  const checks = [
    ...grants.map((grant) => () => vault.openGrantTokens(tx, grant)),
    ...apps.map((app) => () => vault.openClientSecret(tx, app)),
  ];
  for (const open of checks) if (await opens(open)) return;
  if (checks.length === 0) return;
  throw new CodedError(
    'keys.wrong',
    `MASTER_KEYS has a key "${keyId}", but not the one that sealed these rows: none that was tried opens. See docs/runbooks/master-keys.md.`,
  );
}

interface Sealed extends Record<string, string> {
  id: string;
  workspaceId: string;
  environment: Environment;
}

async function opens(open: () => Promise<unknown>): Promise<boolean> {
  try {
    await open();
    return true;
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
}
