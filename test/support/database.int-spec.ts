import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestDatabase, type TestDatabase, turnClock } from './database.js';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new pg.Pool({ connectionString: database.url });
});

afterAll(async () => {
  await pool.end();
  await database.close();
});

describe('the test database', () => {
  it('is used by one test file only', async () => {
    await pool.query('CREATE TABLE only_here ()');
    const other = await openTestDatabase();
    const client = new pg.Client(other.url);
    await client.connect();
    await expect(client.query('SELECT FROM only_here')).rejects.toThrow('does not exist');
    await client.end();
    await other.close();
  });

  it('is dropped when it is closed, even with open connections', async () => {
    const other = await openTestDatabase();
    const client = new pg.Client(other.url).on('error', () => undefined);
    await client.connect();
    await other.close();
    await expect(new pg.Client(other.url).connect()).rejects.toThrow('does not exist');
    await client.end().catch(() => undefined);
  });

  it('has a clock that a test can move forward and back', async () => {
    const ahead = async (): Promise<number> =>
      Number((await pool.query('SELECT extract(epoch FROM db_now() - now()) AS ahead')).rows[0].ahead);
    await turnClock(pool, '2 hours');
    expect(await ahead()).toBe(7_200);
    await turnClock(pool, '0');
    expect(await ahead()).toBe(0);
  });
});
