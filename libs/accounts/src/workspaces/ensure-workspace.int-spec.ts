import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, Secret } from '#observability';
import { Database, openDatabase } from '#persistence';
import { openTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { EnsureWorkspace } from './ensure-workspace.js';

let test: TestDatabase;
let database: Database;
let ensure: EnsureWorkspace;

beforeAll(async () => {
  test = await openTestDatabase();
  database = await openDatabase({
    url: new Secret(test.url),
    pool: 8,
    name: 'test',
    logger: createLogger({ app: 'test', level: 'silent' }),
  });
  ensure = new EnsureWorkspace(database);
});

afterAll(async () => {
  await database.close();
  await test.close();
});

describe('EnsureWorkspace', () => {
  it('makes one workspace with one default project in each environment when 16 callers use a name for the first time at once', async () => {
    const ids = await Promise.all(Array.from({ length: 16 }, () => ensure.execute('crowd')));
    expect(new Set(ids).size).toBe(1);
    const { rows } = await database.pool.query(
      'select environment from projects where workspace_id = $1 and is_default order by 1',
      [ids[0]],
    );
    expect(rows).toEqual([{ environment: 'live' }, { environment: 'test' }]);
  });

  it('adds a missing default project to a workspace that exists', async () => {
    const id = await ensure.execute('lacking');
    await database.pool.query("delete from projects where workspace_id = $1 and environment = 'test'", [id]);
    expect(await ensure.execute('lacking')).toBe(id);
    const { rows } = await database.pool.query('select count(*)::int as count from projects where workspace_id = $1', [
      id,
    ]);
    expect(rows).toEqual([{ count: 2 }]);
  });
});
