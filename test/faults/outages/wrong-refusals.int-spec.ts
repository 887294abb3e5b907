import { expect, it } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { type OutageRow, runOutages } from './outages.js';

const HOURS = { '1 minute': 1 / 60, '10 minutes': 1 / 6, '60 minutes': 1 };
const SHAPES = [
  'invalid_grant for every grant, API works',
  'invalid_grant for every grant, API refuses too',
  'tokens work, API refuses',
];

const isHarmed = ({ affected, revocations }: OutageRow): boolean => affected > 0 || revocations > 0;

it.each(Object.entries(HOURS))(
  'a platform that refuses every refresh, every probe or both for %s ends no account, not even the only one of an app',
  async (_time, hours) => {
    const database = await openTestDatabase();
    try {
      const rows = await runOutages({
        databaseUrls: [database.url],
        accounts: 20,
        hours,
        seed: 7,
        shapes: SHAPES,
        probes: true,
      });
      expect(rows.map(({ shape }) => shape)).toEqual(SHAPES);
      expect(rows.filter(isHarmed)).toEqual([]);
    } finally {
      await database.close();
    }
  },
  120_000,
);
