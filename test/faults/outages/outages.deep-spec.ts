import { describe, expect, it } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { runOutages } from './outages.js';

const MINUTES_AFTER = 15;
/** One for each way to be wrong: blamed on the grant, on the app, believed though nobody is taken, slow, and only down. */
const TELLING = [
  '503, Retry-After in seconds',
  'hangs',
  'invalid_client to everybody',
  'invalid_grant to everybody, API refuses too',
];

describe('an outage of a platform', () => {
  it('costs no account anything but patience, whatever its shape, and all are refreshed within a quarter of an hour after it', async () => {
    const database = await openTestDatabase();
    try {
      const rows = await runOutages({ databaseUrls: [database.url], accounts: 24, hours: 2, seed: 1, shapes: TELLING });
      expect(rows.map(({ shape }) => shape)).toEqual(TELLING);
      expect(rows.filter(({ left, wrong }) => left > 0 || wrong > 0)).toEqual([]);
      expect(rows.filter(({ refreshedWithin }) => refreshedWithin === null || refreshedWithin > MINUTES_AFTER)).toEqual(
        [],
      );
    } finally {
      await database.close();
    }
  }, 300_000);
});
