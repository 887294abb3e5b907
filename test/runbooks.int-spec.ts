import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { type OpenedDatabase, openMigratedDatabase } from './support/open-database.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});

afterAll(() => opened.close());

/** The queries in `sql "…"` of the pages. */
const queries = readdirSync('docs/runbooks').flatMap((name) =>
  [...readFileSync(`docs/runbooks/${name}`, 'utf8').matchAll(/^sql "([^"]+)"/gm)].map(
    ([, sql]) => [name, sql!.replaceAll('\\"', '"')] as const,
  ),
);

describe('the queries of the runbooks', () => {
  it('the search finds the queries of the pages', () => {
    expect(queries.length).toBeGreaterThan(15);
  });

  it.each(queries)('%s: the query runs on the current schema: %s', async (_name, sql) => {
    await expect(opened.database.pool.query(sql)).resolves.toBeDefined();
  });
});
