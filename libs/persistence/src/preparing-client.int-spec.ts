import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { openTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { PreparingClient } from './preparing-client.js';
import { together } from './tx.js';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await openTestDatabase();
  pool = new Pool({ Client: PreparingClient, connectionString: database.url, pipeline: true, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.close();
});

const PREPARED = `select statement from pg_prepared_statements where statement like '%of this test%'`;

describe('a connection', () => {
  it('plans a statement with values once, also when it is sent twice before the first answer', async () => {
    const { rows } = await together(pool, async (tx) => {
      const sums = await Promise.all(
        [1, 2].map((n) => tx.query<{ sum: number }>('select $1::int + 1 as sum /* of this test */', [n])),
      );
      expect(sums.map(({ rows: [row] }) => row?.sum)).toEqual([2, 3]);
      return tx.query<{ statement: string }>(PREPARED);
    });
    expect(rows.filter(({ statement }) => statement.startsWith('select $1'))).toHaveLength(1);
  });

  it('continues after a failed statement, and prepares it again when it is correct', async () => {
    const statement = 'select 1 / $1::int as quotient /* of this test */';
    await expect(pool.query(statement, [0])).rejects.toThrow('division by zero');
    expect((await pool.query(statement, [1])).rows).toEqual([{ quotient: 1 }]);
  });

  it('gives each of several statements that go out together its own answer', async () => {
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const answers = await together(pool, (tx) =>
      Promise.all(numbers.map((n) => tx.query<{ n: number }>('select $1::int as n', [n]))),
    );
    expect(answers.map(({ rows: [row] }) => row?.n)).toEqual(numbers);
  });

  it('is closed when a statement of several failed: what comes next finds one that works', async () => {
    const work = together(pool, (tx) =>
      Promise.all([tx.query('select 1 / $1::int', [0]), tx.query('select $1::int as n', [1])]),
    );
    await expect(work).rejects.toThrow('division by zero');
    expect((await pool.query('select $1::int as n', [7])).rows).toEqual([{ n: 7 }]);
  });
});
