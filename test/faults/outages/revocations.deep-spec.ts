import { expect, it } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { runRevocations } from './revocations.js';

it('exactly the twenty revoked accounts of two hundred are reported, each once', async () => {
  const database = await openTestDatabase();
  try {
    const figures = await runRevocations({ databaseUrl: database.url, accounts: 200, revoked: 20, seed: 1 });
    expect(figures).toEqual({ revoked: 20, flagged: 20, others: 0, miscounted: 0 });
  } finally {
    await database.close();
  }
}, 120_000);
