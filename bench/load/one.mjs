import { readFile } from 'node:fs/promises';
import { TypeID } from 'typeid-js';
import { driveInTurns } from './drive.mjs';
import { printFigures, printRatio, printTitle } from './report.mjs';

const LEAST_OF_BARE = 0.7;
const ACCOUNTS = 10_000;
const MANY = 200;
const MOST_RESIDENT_MB = 200;
const MOST_GROWTH = 1.1;

/** @typedef {import('./part.mjs').PartContext} PartContext */

/**
 * One account, beside a handler that looks up the same key and the same row.
 * @param {PartContext} context
 */
export async function measureRead({ world, effort, factor }) {
  const { key, accounts } = await activeAccounts(world);
  printTitle('One account');
  const { bare, ours } = await driveInTurns(
    {
      bare: inTurns(accounts, ({ id }) => ({ url: world.bare, path: `/read?key=${key}&id=${id}` })),
      ours: inTurns(accounts, ({ publicId }) => ({ url: world.ours, path: `/v1/accounts/${publicId}`, key })),
    },
    effort,
  );
  printFigures('bare handler', bare);
  printFigures('an account', ours);
  printRatio('an account to bare', ours.callsPerSecond / bare.callsPerSecond, { least: LEAST_OF_BARE }, factor);
}

/**
 * A fresh token, beside a handler with the same look-ups that opens one box and inserts one event.
 * @param {PartContext} context
 */
export async function measureToken({ world, effort, factor }) {
  const { key, accounts } = await activeAccounts(world);
  printTitle('The fresh token of an account');
  const { bare, ours } = await driveInTurns(
    {
      bare: inTurns(accounts, ({ id }) => ({ url: world.bare, path: `/token?key=${key}&id=${id}` })),
      ours: inTurns(accounts, ({ publicId }) => ({ url: world.ours, path: `/v1/accounts/${publicId}/token`, key })),
    },
    effort,
  );
  printFigures('bare handler', bare);
  printFigures('a token', ours);
  printRatio('a token to bare', ours.callsPerSecond / bare.callsPerSecond, { least: LEAST_OF_BARE }, factor);
}

/**
 * The resident memory of the API process under load: after a first third of the time, and at the end of it.
 * @param {PartContext} context
 */
export async function measureMemory({ world, effort, factor }) {
  const { key, accounts } = await activeAccounts(world);
  const kinds = {
    list: { url: world.ours, path: '/v1/accounts?limit=50', key },
    one: inTurns(accounts, ({ publicId }) => ({ url: world.ours, path: `/v1/accounts/${publicId}`, key })),
  };
  printTitle('Memory of the API under load');
  const early = await residentAfter(kinds, { ...effort, rounds: effort.rounds * 2 }, world);
  const late = await residentAfter(kinds, { ...effort, rounds: effort.rounds * 4 }, world);
  printRatio('resident at the end', late, { most: MOST_RESIDENT_MB, unit: ' MB' }, factor);
  printRatio('the end to a third of the time', late / early, { most: MOST_GROWTH }, factor);
}

/**
 * @param {Parameters<typeof driveInTurns>[0]} kinds
 * @param {import('./drive.mjs').Effort} effort
 * @param {import('./world.mjs').World} world
 */
async function residentAfter(kinds, effort, { service }) {
  await driveInTurns(kinds, effort);
  const status = await readFile(`/proc/${service.processOf('api')}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
}

/**
 * Accounts of one workspace; its key may read tokens, which a dashboard token can give to no key.
 * @param {import('./world.mjs').World} world
 * @returns {Promise<{ key: string, accounts: { id: string, publicId: string }[] }>}
 */
async function activeAccounts(world) {
  const { id: workspaceId, key } = await world.workspace(ACCOUNTS);
  const { pool } = world.service;
  await pool.query(`update api_keys set scopes = array_append(scopes, 'tokens:read') where workspace_id = $1`, [
    workspaceId,
  ]);
  const { rows } = await pool.query(
    `select id from accounts
     where workspace_id = $1 and health = 'active' and connection_type = 'oauth' order by id limit $2`,
    [workspaceId, MANY],
  );
  const accounts = rows.map((row) => ({ ...row, publicId: TypeID.fromUUID('acc', row.id).toString() }));
  return { key, accounts };
}

/**
 * Requests for the accounts in turns: reads of one account's token wait for each other, because its events are numbered.
 * @template Account
 * @param {Account[]} accounts
 * @param {(account: Account) => import('./drive.mjs').Request} request
 */
function inTurns(accounts, request) {
  const requests = accounts.map(request);
  let next = 0;
  return () => /** @type {import('./drive.mjs').Request} */ (requests[(next += 1) % requests.length]);
}
