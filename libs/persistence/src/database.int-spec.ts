import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createLogger, Secret } from '#observability';
import { openEmptyDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { openDatabase } from './database.js';

let opened: OpenedDatabase;
beforeAll(async () => {
  opened = await openEmptyDatabase();
});
afterAll(() => opened.close());

it.each([
  ['30s', 'a service', {}],
  ['0', 'a migration', { statementTimeout: 0 }],
])('a statement may take %s in the pool of %s', async (limit, name, options) => {
  const logger = createLogger({ app: 'test', level: 'silent' });
  const database = await openDatabase({ url: new Secret(opened.url), pool: 1, name, logger, ...options });
  try {
    expect((await database.pool.query('show statement_timeout')).rows).toEqual([{ statement_timeout: limit }]);
  } finally {
    await database.close();
  }
});
