// The running service beside a bare node:http + pg handler on the same database, over 16 connections, in turns, with everything
// on: `npm run build && node bench/load.mjs [list|workspaces|filters|search|read|token|memory] [--short] [--accounts 1000000] [--rounds 3] [--seconds 5]`.
// `--short`: few accounts, and a figure fails only at half of its target.
import { readArguments } from '../tools/arguments.mjs';
import { measureFilters, measureSearch } from './load/filters.mjs';
import { measureList, measureWorkspaces } from './load/list.mjs';
import { measureMemory, measureRead, measureToken } from './load/one.mjs';
import { missedFigures } from './load/report.mjs';
import { openWorld } from './load/world.mjs';

/** @type {Record<string, (context: import('./load/part.mjs').PartContext) => Promise<void>>} */
const PARTS = {
  list: measureList,
  filters: measureFilters,
  search: measureSearch,
  workspaces: measureWorkspaces,
  read: measureRead,
  token: measureToken,
  memory: measureMemory,
};
const SHORT = { accounts: 20_000, rounds: 2, seconds: 1, factor: 2 };
const FULL = { accounts: 1_000_000, rounds: 3, seconds: 5, factor: 1 };

const { values, positionals } = readArguments({
  usage: `node bench/load.mjs [${Object.keys(PARTS).join('|')} ...] [--short] [--accounts n] [--rounds n] [--seconds n]`,
  options: {
    short: { type: 'boolean' },
    accounts: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
  positionals: Object.keys(PARTS).length,
});
const size = values.short === true ? SHORT : FULL;
const effort = { rounds: Number(values.rounds ?? size.rounds), seconds: Number(values.seconds ?? size.seconds) };
const accounts = Number(values.accounts ?? size.accounts);

const world = await openWorld();
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
    const measure = PARTS[name];
    if (!measure) throw new Error(`there is no part "${name}"`);
    await measure({ world, effort, accounts, factor: size.factor });
  }
  console.log(`\n${missedFigures()} figures are missed`);
  if (missedFigures() > 0) process.exitCode = 1;
} finally {
  await world.close();
}
