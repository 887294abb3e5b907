import { TypeID } from 'typeid-js';
import { driveInTurns } from './drive.mjs';
import { printFigures, printRatio, printTitle } from './report.mjs';
import { COMMON, NEEDLE } from './seed.mjs';

const MOST_OF_PLAIN = 2;
const MOST_OF_SEARCH = 5;
const MOST_FOR_COUNT_MS = 300;
const DAY_MS = 86_400_000;

/**
 * Each filter alone and each pair, beside the plain page: the second page, which counts nothing anew.
 * @param {import('./part.mjs').PartContext} context
 */
export async function measureFilters({ world, effort, accounts, factor }) {
  const { key, otherProject } = await world.workspace(accounts);
  const due = new Date(Date.now() + 7 * DAY_MS).toISOString();
  /** One rare value of each. */
  const filters = {
    provider: 'provider=tiktok',
    health: 'health=needs_reauth',
    type: 'connection_type=manual',
    project: `project_id=${TypeID.fromUUID('prj', otherProject).toString()}`,
    due: `reauth_due_before=${due}`,
  };
  const names = Object.keys(filters);
  const all = Object.entries(filters).map(([name, filter], n) =>
    Object.entries(filters)
      .slice(n)
      .map(([other, second]) => (name === other ? [name, filter] : [`${name}, ${other}`, `${filter}&${second}`])),
  );
  printTitle(`A page of 50 with each of ${names.length} filters and each pair, ${accounts} accounts`);
  /** @type {Record<string, import('./drive.mjs').RequestSource>} */
  const kinds = { plain: await secondPage(world, key, '') };
  for (const [name = '', query = ''] of all.flat()) kinds[name] = await secondPage(world, key, query);
  const figures = await driveInTurns(kinds, effort);
  printBesidePlain(figures, MOST_OF_PLAIN, factor);
}

/**
 * A search with one hit in a thousand, with a hit in every row and with none: the second page beside the plain one, and the
 * first page, which counts.
 * @param {import('./part.mjs').PartContext} context
 */
export async function measureSearch({ world, effort, accounts, factor }) {
  const { key } = await world.workspace(accounts);
  const searches = { 'one hit in a thousand': `q=${NEEDLE}`, 'every row hits': `q=${COMMON}`, none: 'q=nowhere' };
  printTitle(`A search, ${accounts} accounts`);
  /** @type {Record<string, import('./drive.mjs').RequestSource>} */
  const kinds = { plain: await secondPage(world, key, '') };
  for (const [name, query] of Object.entries(searches)) kinds[name] = await secondPage(world, key, query);
  const figures = await driveInTurns(kinds, effort);
  printBesidePlain(figures, MOST_OF_SEARCH, factor);
  for (const [name, query] of Object.entries(searches)) {
    const took = await slowest(() => world.service.get(key, `/v1/accounts?limit=50&${query}`));
    printRatio(`first page with its count, ${name}`, took, { most: MOST_FOR_COUNT_MS, unit: ' ms' }, factor);
  }
}

/** @param {Record<string, import('./drive.mjs').Figures>} figures @param {number} most @param {number} factor */
function printBesidePlain({ plain, ...others }, most, factor) {
  if (!plain) return;
  printFigures('plain', plain);
  for (const [name, figures] of Object.entries(others)) {
    printFigures(name, figures);
    printRatio(`p99 to that of the plain page`, figures.p99 / plain.p99, { most }, factor);
  }
}

/**
 * The request of the second page, or of the first where there is no second.
 * @param {import('./world.mjs').World} world
 * @param {string} key
 * @param {string} query
 * @returns {Promise<import('./drive.mjs').Request>}
 */
async function secondPage(world, key, query) {
  const path = `/v1/accounts?limit=50${query && `&${query}`}`;
  const { next_cursor: cursor } = await world.service.get(key, path);
  return { url: world.ours, path: cursor === null ? path : `${path}&cursor=${cursor}`, key };
}

/** @param {() => Promise<unknown>} work @returns {Promise<number>} milliseconds of the slowest of five */
async function slowest(work) {
  let most = 0;
  for (let run = 0; run < 5; run += 1) {
    const begun = performance.now();
    await work();
    most = Math.max(most, performance.now() - begun);
  }
  return most;
}
