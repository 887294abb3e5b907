import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cursors, Keyring } from '#crypto';
import { Secret } from '#observability';
import { driveInTurns } from './drive.mjs';
import { ENVIRONMENT } from './seed.mjs';
import { printFigures, printRatio, printTitle } from './report.mjs';

/** In the short form, with few accounts and an API that has just started. */
const REACHED_OF_BARE = 0.4;
const LEAST_OF_BARE = 0.9;
const MOST_OF_DEPTH = 1.1;
const MOST_OF_SIZE = 1.15;
const SMALL = 10_000;

/**
 * The first page beside the bare handler; a page deep in the list, and the first page of a small list.
 * @param {import('./part.mjs').PartContext} context
 */
export async function measureList({ world, effort, accounts, factor }) {
  const large = await world.workspace(accounts);
  const small = await world.workspace(SMALL);
  const cursor = await deepCursor(world, large);
  printTitle(`A page of 50, ${accounts} accounts`);
  const { bare, first, deep, few } = await driveInTurns(
    {
      bare: { url: world.bare, path: `/list?workspace=${large.id}` },
      first: { url: world.ours, path: '/v1/accounts?limit=50', key: large.key },
      deep: { url: world.ours, path: `/v1/accounts?limit=50&cursor=${cursor}`, key: large.key },
      few: { url: world.ours, path: '/v1/accounts?limit=50', key: small.key },
    },
    effort,
  );
  printFigures('bare handler, first page', bare);
  printFigures('first page', first);
  printFigures('a page in the middle of the list', deep);
  printFigures(`first page of ${SMALL}`, few);
  printRatio(
    'first page to bare',
    first.callsPerSecond / bare.callsPerSecond,
    { least: LEAST_OF_BARE, reached: REACHED_OF_BARE },
    factor,
  );
  printRatio('deep page, time', first.callsPerSecond / deep.callsPerSecond, { most: MOST_OF_DEPTH }, factor);
  printRatio(
    `${accounts} to ${SMALL}, time`,
    few.callsPerSecond / first.callsPerSecond,
    { most: MOST_OF_SIZE },
    factor,
  );
}

/**
 * The first page in one of many workspaces.
 * @param {import('./part.mjs').PartContext} context
 */
export async function measureWorkspaces({ world, effort, accounts, factor }) {
  const accountsEach = Math.min(1_000, accounts / 10);
  const workspaces = accounts / accountsEach;
  const one = await world.oneOfMany({ workspaces, accountsEach });
  printTitle(`A page of 50 in one of ${workspaces} workspaces of ${accountsEach} accounts`);
  const { bare, ours } = await driveInTurns(
    {
      bare: { url: world.bare, path: `/list?workspace=${one.id}` },
      ours: { url: world.ours, path: '/v1/accounts?limit=50', key: one.key },
    },
    effort,
  );
  printFigures('bare handler', bare);
  printFigures('first page', ours);
  printRatio(
    'first page to bare',
    ours.callsPerSecond / bare.callsPerSecond,
    { least: LEAST_OF_BARE, reached: REACHED_OF_BARE },
    factor,
  );
}

/**
 * The cursor of the page in the middle, signed with the keys of the service: a walk to it would take ten thousand requests.
 * @param {import('./world.mjs').World} world
 * @param {import('./world.mjs').Workspace} workspace
 * @returns {Promise<string>}
 */
async function deepCursor({ service }, { id, key, accounts }) {
  const { next_cursor: first } = await service.get(key, '/v1/accounts?limit=50');
  const position = JSON.parse(Buffer.from(first.split('.')[0], 'base64url').toString());
  const { rows } = await service.pool.query(
    `select id, to_char(connected_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from accounts
     where workspace_id = $1 order by connected_at desc, id desc offset $2 limit 1`,
    [id, Math.floor(accounts / 2)],
  );
  const keyring = new Keyring(new Secret(await readFile(join(service.home, 'master.key'), 'utf8')));
  return new Cursors(keyring).write(['accounts', id, ENVIRONMENT, {}], { ...position, ...rows[0] });
}
