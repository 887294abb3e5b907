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

  it('counts no default project of another workspace', async () => {
    await database.pool.query('truncate workspaces cascade');
    await ensure.execute('complete');
    await database.pool.query(`insert into workspaces (id, name) values (gen_random_uuid(), 'bare')`);
    const { rows } = await database.pool.query('select count(*)::int as count from projects where workspace_id = $1', [
      await ensure.execute('bare'),
    ]);
    expect(rows).toEqual([{ count: 2 }]);
  });

  it('makes the first workspace of an installation for a name that is expected to exist, and refuses a further one', async () => {
    await database.pool.query('truncate workspaces cascade');
    const id = await ensure.executeKnown('default');
    expect(await ensure.executeKnown('default')).toBe(id);
    await expect(ensure.executeKnown('defaults')).rejects.toMatchObject({
      code: 'workspace.unknown',
      message: 'There is no workspace "defaults". Did you mean "default"? There are "default".',
    });
    await expect(ensure.executeKnown('Default')).rejects.toThrow(/Did you mean "default"/);
    await expect(ensure.executeKnown('acme')).rejects.toThrow(/^There is no workspace "acme". There are "default".$/);
  });

  it('lists at most twenty workspaces in a refusal, and finds the nearest of all', async () => {
    for (let at = 10; at < 40; at += 1) await ensure.execute(`customer ${at}`);
    await ensure.execute('zebra');
    await expect(ensure.executeKnown('zebras')).rejects.toThrow(
      /Did you mean "zebra"\? There are ("[^"]+", ){19}"[^"]+", and others\.$/,
    );
  });
});
