import type { World } from '../world/world.js';
import type { JournaledAnswer } from './facts.js';
import { readJournal } from './read-journal.js';

/** The open exchanges in the journal of each exchanger that exited. */
export interface OpenAtExit {
  /** Ids of exchanges whose request may have been sent and whose answer was not in the journal. */
  inFlight: ReadonlySet<string>;
  /** Successful answers that were in the journal. */
  journaled: JournaledAnswer[];
}

/** Reads the journal of each exchanger that exits (an answer in a journal that is then lost counts as in flight), before the next one opens it: a request without a record was not sent. */
export function inspectExchangers(world: World): OpenAtExit {
  const inFlight = new Set<string>();
  const journaled: JournaledAnswer[] = [];
  world.onExchangerExit = () => {
    for (const { intentId, isAnswered, bringsTokens, ...answer } of readJournal(
      world.settings.directory,
      world.keyring,
    )) {
      if (!isAnswered || world.losesJournal) inFlight.add(intentId);
      if (bringsTokens && !world.losesJournal) journaled.push(answer);
    }
    return Promise.resolve();
  };
  return { inFlight, journaled };
}
