import type { ServerResponse } from 'node:http';
import { until } from '../../../../tools/start/processes.mjs';
import { readJournal } from '../../check/read-journal.js';
import type { LoneExchanger } from '../../window/lone-exchanger.js';
import { LoneWorld } from '../../window/lone-world.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const ENTRIES = 64;
const LIMIT_MS = 1_000;
const WITHIN_MS = 20_000;

/** An exchanger starts with entries of a killed one, half of them refused, at a platform that never answers. */
export async function hangingStart({ databases }: PromiseSettings): Promise<PromisedFigure[]> {
  const world = await LoneWorld.open(databases, ENTRIES);
  try {
    const exchanger = world.exchanger();
    const empty = await exchanger.start();
    await leaveEntries(world, exchanger);
    world.platform.respond = () => undefined;
    const full = await exchanger.start();
    const left = readJournal(exchanger.directory, world.keyring).length;
    return [
      {
        name: `exchanger start with ${ENTRIES} unsettled entries, at a platform that hangs`,
        target: `listens within ${LIMIT_MS} ms`,
        measured: `${Math.round(full)} ms from its spawn (with an empty journal ${Math.round(empty)} ms), ${left} entries open`,
        isReached: full <= LIMIT_MS,
      },
    ];
  } finally {
    await world.close();
  }
}

/** Half of the exchanges have no answer, half have a refusal that could not be stored. */
async function leaveEntries(world: LoneWorld, exchanger: LoneExchanger): Promise<void> {
  const grantIds = world.accounts.map(({ grantId }) => grantId);
  const waiting: ServerResponse[] = [];
  world.platform.respond = (_token, response) => {
    waiting.push(response);
  };
  await world.makeDue(grantIds);
  for (const grantId of grantIds) exchanger.client.refresh(grantId).catch(() => undefined);
  await expectWithin(() => waiting.length === ENTRIES, 'every request at the platform');
  const blocker = await world.pool.connect();
  try {
    await blocker.query('begin; lock table grants in access exclusive mode');
    for (const response of waiting.slice(0, ENTRIES / 2)) refuse(response);
    const answered = (): number =>
      readJournal(exchanger.directory, world.keyring).filter(({ isAnswered }) => isAnswered).length;
    await expectWithin(() => answered() >= ENTRIES / 2, 'every answer in the journal');
    await exchanger.kill();
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end('{"error":"invalid_grant"}');
}

async function expectWithin(isSo: () => boolean, what: string): Promise<void> {
  if (!(await until(isSo, WITHIN_MS))) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
}
