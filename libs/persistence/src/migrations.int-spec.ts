import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type OpenedDatabase, openEmptyDatabase } from '../../../test/support/open-database.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openEmptyDatabase();
});
afterAll(() => opened.close());

/** All that migrations can make, one line each; TypeORM's own table of migrations is left out. */
async function inventory(): Promise<string[]> {
  const { rows } = await opened.database.pool.query<{ line: string }>(`
    select format('column %s.%s %s %s %s', table_name, column_name, udt_name, is_nullable, column_default) as line
      from information_schema.columns where table_schema = 'public'
    union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
    union all select indexdef from pg_indexes where schemaname = 'public'
    union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    union all select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where not tgisinternal and relnamespace = 'public'::regnamespace
    union all select 'type ' || typname from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
    order by 1`);
  return rows.map(({ line }) => line).filter((line) => !/\bmigrations\b/.test(line));
}

describe('the migrations', () => {
  it('go up, down to nothing, and up again to the same', async () => {
    const { dataSource } = opened.database;
    expect(await inventory()).toEqual([]);
    const done = await dataSource.runMigrations();
    const first = await inventory();
    expect(first.length).toBeGreaterThan(100);

    for (let left = done.length; left > 0; left -= 1) await dataSource.undoLastMigration();
    expect(await inventory()).toEqual([]);

    await dataSource.runMigrations();
    expect(await inventory()).toEqual(first);
  });

  it('migrate nothing the second time', async () => {
    await opened.database.dataSource.runMigrations();
    expect(await opened.database.dataSource.runMigrations()).toEqual([]);
  });
});
