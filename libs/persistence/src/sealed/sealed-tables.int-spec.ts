import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { SEALED_TABLES } from './index.js';

/** Columns of bytes that hold no sealed value: digests, and the canary of a master key, which that key alone seals. */
const NOT_SEALED = /^(\w+\.\w*(hash|_fp)|master_keys\.canary)$/;

let opened: OpenedDatabase;

beforeEach(async () => {
  opened = await openMigratedDatabase();
});
afterEach(() => opened.close());

const list = async (where: string): Promise<string[]> =>
  (
    await opened.database.pool.query<{ name: string }>(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and ${where} order by 1`,
    )
  ).rows.map(({ name }) => name);

/** A sentence for each difference between SEALED_TABLES and the tables of the database. */
async function differences(): Promise<string[]> {
  const listed = SEALED_TABLES.flatMap(({ table: { name, columns } }) =>
    [...columns, 'dek_wrapped'].map((column) => `${name}.${column}`),
  );
  const bytes = (await list(`data_type in ('bytea', 'ARRAY') and udt_name in ('bytea', '_bytea')`)).filter(
    (name) => !NOT_SEALED.test(name),
  );
  const named = await list(`(column_name like 'sealed\\_%' or column_name like '%\\_sealed')`);
  const keys = await list(`column_name in ('kek_id', 'dek_wrapped')`);
  const sealedKeys = SEALED_TABLES.flatMap(({ table: { name } }) => [`${name}.kek_id`, `${name}.dek_wrapped`]);
  const found = [...new Set([...bytes, ...named])];
  return [
    ...found.filter((name) => !listed.includes(name)).map((name) => `${name} may hold sealed bytes and is not listed`),
    ...keys.filter((name) => !sealedKeys.includes(name)).map((name) => `${name} is not in a listed table`),
    ...listed.filter((name) => !found.includes(name)).map((name) => `${name} is listed and does not exist`),
    ...sealedKeys.filter((name) => !keys.includes(name)).map((name) => `${name} is missing`),
  ];
}

describe('the list of sealed tables, which a rotation of master keys walks through', () => {
  it('has every column of the database that holds sealed bytes or the id of a master key', async () => {
    expect(await differences()).toEqual([]);
  });

  it.each([
    [
      'a new sealed table',
      'create table other_secrets (endpoint_id uuid primary key, sealed_secret bytea, dek_wrapped bytea, kek_id text)',
      ['other_secrets.dek_wrapped may hold', 'other_secrets.sealed_secret may hold', 'other_secrets.kek_id is not'],
    ],
    ['a new column of bytes', 'alter table projects add column note bytea', ['projects.note may hold']],
    ['sealed text', 'alter table projects add column sealed_note text', ['projects.sealed_note may hold']],
    ['a second key of a row', 'alter table grants add column kek_id text', ['grants.kek_id is not']],
    [
      'a column that is gone',
      'alter table grant_tokens drop column sealed_prev_refresh',
      ['sealed_prev_refresh is listed'],
    ],
  ])('is found to lack %s', async (_what, change, expected) => {
    await opened.database.pool.query(change);
    const found = await differences();
    for (const part of expected) expect(found).toContainEqual(expect.stringContaining(part));
  });

  it('has an owner with a tenant for the rows of each table', async () => {
    for (const { table, owners } of SEALED_TABLES)
      await expect(
        opened.database.pool.query(
          `select ${table.owner} from ${table.name} join ${owners} o on o.id = ${table.owner}
           where o.workspace_id is not null and o.environment is not null`,
        ),
      ).resolves.toBeDefined();
  });
});
