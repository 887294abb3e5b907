import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type OpenedDatabase, openMigratedDatabase } from '../../../test/support/open-database.js';
import { CONNECTION_TYPES, HEALTHS } from './entities/index.js';

/** Tables that no entity describes: their content is sealed, or is read by SQL of the library with the keys. */
const WITHOUT_ENTITY = [
  'account_tokens',
  'attempt_secrets',
  'breakers',
  'broken_seals',
  'exchange_intents',
  'grant_tokens',
  'journal_folders',
  'master_key_holders',
  'master_keys',
  'oauth_app_secrets',
  'revocation_tokens',
  'token_orphans',
  'webhook_secrets',
];
/** Tables of tenants that triggers of other tables write. */
const KEPT_BY_TRIGGERS = ['account_counts', 'account_search'];
/** Of the tables without an entity, those whose rows no foreign key binds to another row; a sweep deletes those of `broken_seals`. */
const WITHOUT_OWNER = ['broken_seals', 'journal_folders', 'master_key_holders', 'master_keys'];
/** Tables whose rows only a library reads: TypeORM's migrations, the rate limiter's counters. */
const LIBRARIES = ['migrations', 'rate_limits'];

/**
 * What TypeORM would change only because entities do not repeat it: the SQL of the migrations alone defines indexes, foreign
 * keys, unique and check constraints. Migrations and entities define tables and columns, with type, null and default.
 */
const IN_MIGRATIONS_ALONE = /^(DROP INDEX|ALTER TABLE "\w+" DROP CONSTRAINT) /;

let opened: OpenedDatabase;
const sql = async <Row>(text: string): Promise<Row[]> => (await opened.database.pool.query(text)).rows as Row[];

async function drift(): Promise<string[]> {
  const { upQueries } = await opened.database.dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query).filter((query) => !IN_MIGRATIONS_ALONE.test(query));
}

beforeAll(async () => {
  opened = await openMigratedDatabase();
});

afterAll(() => opened.close());

describe('entities and migrations', () => {
  it('agree on every table and column', async () => {
    expect(await drift()).toEqual([]);
  });

  it.each([
    ['a missing column', 'alter table accounts drop column avatar_url', /ADD "avatar_url"/],
    ['an unused column', 'alter table accounts add column mood text', /DROP COLUMN "mood"/],
    ['another type', 'alter table grants alter column attempt type bigint', /"attempt"/],
    ['another constraint on null', 'alter table projects alter column name drop not null', /"name"/],
    [
      'another default',
      `alter table grants alter column refresh_state set default 'ended'`,
      /"refresh_state" SET DEFAULT 'idle'/,
    ],
    [
      'a missing default',
      'alter table outbox alter column created_at drop default',
      /"created_at" SET DEFAULT db_now\(\)/,
    ],
    ['a missing table', 'drop table account_events', /CREATE TABLE "account_events"/],
  ])('finds a difference in %s', async (_what, change, complaint) => {
    const other = await openMigratedDatabase();
    await other.database.pool.query(change);
    const { upQueries } = await other.database.dataSource.driver.createSchemaBuilder().log();
    await other.close();
    const found = upQueries.map(({ query }) => query).filter((query) => !IN_MIGRATIONS_ALONE.test(query));
    expect(found).toEqual(expect.arrayContaining([expect.stringMatching(complaint)]));
  });

  it.each([
    ['accounts_health_check', HEALTHS],
    ['accounts_connection_type_check', CONNECTION_TYPES],
  ])('agree on the values of %s', async (name, words) => {
    const [check] = await sql<{ text: string }>(
      `select pg_get_constraintdef(oid) as text from pg_constraint where conname = '${name}'`,
    );
    const allowed = [...check!.text.matchAll(/'(\w+)'/g)].map(([, word]) => word);
    expect(allowed.sort()).toEqual([...words].sort());
  });
});

describe('every table', () => {
  const tables = (): Promise<{ name: string }[]> =>
    sql(`select table_name as name from information_schema.tables where table_schema = 'public' order by 1`);

  it('is described by an entity, or named here as one that must not be', async () => {
    const entities = opened.database.dataSource.entityMetadatas.map(({ tableName }) => tableName);
    expect(entities.filter((name) => [...WITHOUT_ENTITY, ...KEPT_BY_TRIGGERS].includes(name))).toEqual([]);
    expect((await tables()).map(({ name }) => name)).toEqual(
      [...entities, ...WITHOUT_ENTITY, ...KEPT_BY_TRIGGERS, ...LIBRARIES].sort(),
    );
  });

  it('names workspace and environment in each row of a table with tenants', async () => {
    const owned = await sql<{ name: string }>(`
      select c.table_name as name from information_schema.columns c
      where c.table_schema = 'public' and c.is_nullable = 'NO'
        and (c.column_name, c.data_type) in (('workspace_id', 'uuid'), ('environment', 'text'))
      group by 1 having count(*) = 2`);
    const expected = (await tables())
      .map(({ name }) => name)
      .filter((name) => ![...WITHOUT_ENTITY, ...LIBRARIES, 'workspaces'].includes(name));
    expect(owned.map(({ name }) => name).sort()).toEqual(expected);
  });

  it('accepts only live and test as an environment', async () => {
    const checked = await sql<{ text: string }>(`
      select pg_get_constraintdef(oid) as text from pg_constraint where contype = 'c' and conname like '%_environment_check'`);
    expect(new Set(checked.map(({ text }) => text))).toEqual(
      new Set([`CHECK ((environment = ANY (ARRAY['live'::text, 'test'::text])))`]),
    );
    const columns = await sql(
      `select 1 from information_schema.columns where table_schema = 'public' and column_name = 'environment'`,
    );
    expect(checked).toHaveLength(columns.length);
  });

  it('deletes a row without an entity together with its owner', async () => {
    const cascades = await sql<{ name: string }>(`
      select distinct conrelid::regclass::text as name from pg_constraint where contype = 'f' and confdeltype = 'c' order by 1`);
    expect(cascades.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...WITHOUT_ENTITY, ...KEPT_BY_TRIGGERS].filter((name) => !WITHOUT_OWNER.includes(name))),
    );
  });

  it("keeps the wrapped key, the key's id and the version beside sealed bytes", async () => {
    const sealed = await sql<{ name: string; columns: string[] }>(`
      select table_name as name, array_agg(column_name::text) as columns from information_schema.columns
      where table_schema = 'public' group by 1 having bool_or(column_name like 'sealed\\_%')`);
    expect(sealed).not.toEqual([]);
    for (const { name, columns } of sealed) {
      expect(WITHOUT_ENTITY).toContain(name);
      expect(columns).toEqual(expect.arrayContaining(['dek_wrapped', 'kek_id', 'version']));
    }
  });
});

describe('a sweep', () => {
  /** These rows are deleted by hand and rarely; a full index would cost every insert. An index on some statuses serves no delete. */
  const RARE = ['accounts.oauth_app_id', 'connect_attempts.oauth_app_id'];

  it('that deletes rows finds those which go with them by an index', async () => {
    const unindexed = await sql<{ name: string }>(`
      select c.conrelid::regclass || '.' || a.attname as name
      from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.contype = 'f' and c.confdeltype in ('c', 'n') and not exists (
        select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]
          and coalesce(pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname), true))
      order by 1`);
    expect(unindexed.map(({ name }) => name)).toEqual(RARE);
  });
});
