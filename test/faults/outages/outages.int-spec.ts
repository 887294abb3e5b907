import { expect, it } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { runOutages } from './outages.js';

it('an outage of one virtual hour disconnects no account', async () => {
  const database = await openTestDatabase();
  try {
    const [row] = await runOutages({
      databaseUrls: [database.url],
      accounts: 10,
      hours: 1,
      seed: 1,
      shapes: ['503, Retry-After in seconds'],
    });
    expect(row).toMatchObject({ affected: 0, revocations: 0 });
    expect(row!.refreshedWithin).toBeLessThanOrEqual(15);
  } finally {
    await database.close();
  }
}, 120_000);
