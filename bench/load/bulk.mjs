import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Keyring, sealRow } from '#crypto';
import { Secret } from '#observability';

/** @typedef {import('pg').Pool | import('pg').PoolClient} Client */

/** Below this number of accounts, the indexes are built in less time row by row. */
const MIN_ACCOUNTS = 50_000;
const TABLES = ['grants', 'accounts', 'account_search', 'grant_tokens'];

const INDEXES = `
  select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
  where indrelid = any($1::regclass[]) and not indisprimary
    and not exists (select from pg_constraint where conindid = indexrelid)`;

/**
 * Fills tables without their secondary indexes, which are built once at the end, and without checks of foreign keys. The triggers that
 * keep counts and search texts stay: they run once for a statement. A million accounts take minutes instead of a quarter of an hour.
 * @param {import('pg').Pool} pool
 * @param {number} accounts
 * @param {(client: Client) => Promise<void>} fill
 */
export async function inBulk(pool, accounts, fill) {
  if (accounts < MIN_ACCOUNTS) return fill(pool);
  const { rows: indexes } = await pool.query(INDEXES, [TABLES]);
  await pool.query("set maintenance_work_mem = '512MB'; set synchronous_commit = off");
  for (const { name } of indexes) await pool.query(`drop index ${name}`);
  for (const table of TABLES) await pool.query(`alter table ${table} disable trigger all`);
  for (const name of ['accounts_counted_insert', 'accounts_searched_insert'])
    await pool.query(`alter table accounts enable trigger ${name}`);
  await fill(pool);
  for (const table of TABLES) await pool.query(`alter table ${table} enable trigger all`);
  for (const { definition } of indexes) await pool.query(definition);
  return undefined;
}

const SEALED_AT_ONCE = 10_000;
const GRANTS = `
  select id, token_version as version from grants
  where workspace_id = $1 and id > $2 and not exists (select from grant_tokens where grant_id = id) order by id limit ${SEALED_AT_ONCE}`;
const SEAL = `
  insert into grant_tokens (grant_id, version, sealed_access, sealed_refresh, dek_wrapped, kek_id)
  select * from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[])`;
const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Seals a pair for each grant of a workspace, under its own data key, as the service does.
 * @param {Client} client
 * @param {import('#persistence').Tenant} tenant
 * @param {string} home where the master key is
 */
export async function sealGrants(client, { workspaceId, environment }, home) {
  const keyring = new Keyring(new Secret(await readFile(join(home, 'master.key'), 'utf8')));
  const secrets = { sealed_access: new Secret('an-access-token'), sealed_refresh: new Secret('a-refresh-token') };
  for (let after = NO_ID; ;) {
    const { rows } = await client.query(GRANTS, [workspaceId, after]);
    if (rows.length === 0) return;
    const sealed = rows.map(({ id: rowId, version }) =>
      sealRow(keyring, { workspaceId, environment, table: 'grant_tokens', rowId, version }, secrets),
    );
    await client.query(SEAL, [
      rows.map(({ id }) => id),
      rows.map(({ version }) => version),
      sealed.map(({ values }) => values.sealed_access),
      sealed.map(({ values }) => values.sealed_refresh),
      sealed.map(({ dekWrapped }) => dekWrapped),
      sealed.map(({ kekId }) => kekId),
    ]);
    after = rows.at(-1).id;
  }
}
