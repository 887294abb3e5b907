import { insist } from '../world/open-pool.js';
import type { World } from '../world/world.js';
import type { JournaledAnswer } from './facts.js';
import { readJournal } from './read-journal.js';

/** What was found with every exchanger that died. */
export interface Autopsies {
  /** Exchanges whose request may have been sent and whose answer had not reached the journal. */
  inFlight: number;
  /** Answers that had. */
  journaled: JournaledAnswer[];
}

const IN_FLIGHT = `select count(*)::int as count from grants where refresh_state = 'in_flight'`;

/** Looks at each exchanger that dies, before the next one takes its journal. */
export function lookAtExchangers(world: World): Autopsies {
  const found: Autopsies = { inFlight: 0, journaled: [] };
  world.autopsy = async () => {
    const unsettled = readJournal(world.settings.directory, world.keyring);
    const { rows } = await insist(() => world.pool.query<{ count: number }>(IN_FLIGHT), 5);
    const open = unsettled.filter(({ isAnswered }) => !isAnswered).length;
    found.inFlight += Math.max(open, rows[0]?.count ?? 0);
    found.journaled.push(...unsettled.filter(({ isAnswered }) => isAnswered));
  };
  return found;
}
