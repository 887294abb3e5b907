import type { World } from '../world/world.js';
import type { JournaledAnswer } from './facts.js';
import { readJournal } from './read-journal.js';

/** What was found with every exchanger that died. */
export interface Autopsies {
  /** Exchanges whose request may have been sent and whose answer had not reached the journal, each once however often it was found. */
  inFlight: ReadonlySet<string>;
  /** Successes that had. */
  journaled: JournaledAnswer[];
}

/** Looks at each exchanger that dies, before the next one takes its journal: what is not in there was not sent. */
export function lookAtExchangers(world: World): Autopsies {
  const inFlight = new Set<string>();
  const journaled: JournaledAnswer[] = [];
  world.autopsy = () => {
    for (const { intentId, isAnswered, bringsTokens, ...answer } of readJournal(
      world.settings.directory,
      world.keyring,
    )) {
      if (!isAnswered) inFlight.add(intentId);
      if (bringsTokens) journaled.push(answer);
    }
    return Promise.resolve();
  };
  return { inFlight, journaled };
}
