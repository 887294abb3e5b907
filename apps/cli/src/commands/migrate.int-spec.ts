import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type CommandOutput, runCommand } from '../../../../test/support/app-process.js';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());

const migrate = (...options: string[]): Promise<CommandOutput> =>
  runCommand(['migrate', ...options], { DATABASE_URL: opened.url, LOG_LEVEL: 'info' });

async function names(): Promise<string[]> {
  const { rows } = await opened.database.pool.query<{ name: string }>('select name from migrations order by id');
  return rows.map(({ name }) => name);
}

it('the migrate command undoes the last migration and no other, and names it', async () => {
  const before = await names();
  const { log } = await migrate('--undo');
  expect(log).toContain(`"migration":"${before.at(-1)}"`);
  expect(await names()).toEqual(before.slice(0, -1));
});

it('the migrate command does not undo the first migration, which would drop every table', async () => {
  while ((await names()).length > 1) await opened.database.dataSource.undoLastMigration();
  await expect(migrate('--undo')).rejects.toThrow(/the first migration is not undone/);
  expect((await opened.database.pool.query('select 1 from workspaces')).rowCount).toBe(0);
});

it('the migrate command refuses an unknown option, and changes nothing', async () => {
  const before = await names();
  await expect(migrate('--undo-all')).rejects.toThrow(/unknown option '--undo-all'/);
  expect(await names()).toEqual(before);
});
