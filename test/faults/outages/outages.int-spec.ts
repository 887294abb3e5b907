import { describe, expect, it } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { runOutages } from './outages.js';
import { SHAPES } from './shapes.js';

const MINUTES_AFTER = 15;

describe('an outage of a platform', () => {
  it('costs no account anything but patience, whatever its shape, and all are refreshed within a quarter of an hour after it', async () => {
    const database = await openTestDatabase();
    try {
      const rows = await runOutages({ databaseUrl: database.url, accounts: 16, hours: 1, seed: 1 });
      expect(rows.map(({ shape }) => shape)).toEqual(SHAPES.map(({ name }) => name));
      expect(rows.filter(({ left }) => left > 0)).toEqual([]);
      expect(rows.filter(({ refreshedWithin }) => refreshedWithin === null || refreshedWithin > MINUTES_AFTER)).toEqual([]);
    } finally {
      await database.close();
    }
  }, 300_000);
});
