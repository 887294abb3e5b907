import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Facts } from './facts.js';
import { breachesOf } from './invariants.js';
import type { World } from '../world/world.js';

const TABLES = ['grants', 'accounts', 'account_events', 'exchange_intents', 'breakers', 'oauth_apps'];

/** Whether the folders of the rows are kept for inspection. */
export const keepsEvidence = (): boolean => Boolean(process.env['FAULTS_KEEP']);

/** Writes the facts, the breaches and the tables without secrets beside the logs. */
export async function keepEvidence({ pool, settings, platform }: World, facts: Facts): Promise<void> {
  const write = (name: string, value: unknown): void => {
    writeFileSync(join(settings.directory, `${name}.json`), JSON.stringify(value, undefined, 1));
  };
  write('breaches', breachesOf(facts));
  write(
    'facts',
    facts.accounts.map((account) => ({ ...account, leaf: facts.platform.leaves.get(account.person) })),
  );
  write('uses', await platform.uses());
  write('journaled', facts.journaled);
  for (const table of TABLES) write(table, (await pool.query<object>(`select * from ${table}`)).rows);
}
