import { describe, expect, it } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { runOutages } from './outages.js';

const MINUTES_AFTER = 15;
/** One for each kind of wrong conclusion: unavailable, slow, a fault of the app, and a revocation. */
const REPRESENTATIVE_SHAPES = [
  '503, Retry-After in seconds',
  'hangs',
  'invalid_client for every grant',
  'invalid_grant for every grant, API refuses too',
];

describe('an outage of a platform', () => {
  it('disconnects no account in any shape, and all accounts are refreshed within 15 minutes after it', async () => {
    const database = await openTestDatabase();
    try {
      const rows = await runOutages({
        databaseUrls: [database.url],
        accounts: 24,
        hours: 2,
        seed: 1,
        shapes: REPRESENTATIVE_SHAPES,
      });
      expect(rows.map(({ shape }) => shape)).toEqual(REPRESENTATIVE_SHAPES);
      expect(rows.filter(({ affected, revocations }) => affected > 0 || revocations > 0)).toEqual([]);
      expect(rows.filter(({ refreshedWithin }) => refreshedWithin === null || refreshedWithin > MINUTES_AFTER)).toEqual(
        [],
      );
    } finally {
      await database.close();
    }
  }, 300_000);
});
