import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { problemOf } from './problem.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());

describe('a value that PostgreSQL itself refuses', () => {
  it.each([
    ['a NUL in a text', 'select $1::text', 'a\u0000b'],
    ['a NUL in JSON', 'select $1::jsonb', '{"a":"\\u0000"}'],
    ['a lone surrogate in JSON', 'select $1::jsonb', '{"a":"\\ud800"}'],
    ['an id that is none', 'select $1::uuid', 'x'],
    ['a number out of range', 'select $1::int', '9999999999'],
    ['a time out of range', 'select $1::timestamptz', '300000-01-01T00:00:00Z'],
  ])("is the caller's mistake: %s", async (_what, sql, value) => {
    const error: unknown = await opened.database.pool.query(sql, [value]).catch((thrown: unknown) => thrown);
    expect(problemOf(error)).toMatchObject({ code: 'value.refused', status: 400 });
    const wrapped: unknown = await opened.database.dataSource.query(sql, [value]).catch((thrown: unknown) => thrown);
    expect(problemOf(wrapped)).toMatchObject({ code: 'value.refused', status: 400 });
  });
});
