// Refreshes a second through a running exchanger (its socket, gate, journal and commits) at the sandbox, which answers at
// once, beside a bare loop that fetches, writes the answer to a file with fdatasync and makes one UPDATE, in the same run:
// `npm run build && node bench/exchanger.mjs [seconds]`. The last line has the figure: the most that the exchanger does, as a
// share of the loop. The lines before it compare it with as many such loops side by side as it has callers.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { requestToken, connectAtSandbox, insertApp, insertGrant, openWorld } from './exchanger/world.mjs';

const SECONDS = Number(process.argv[2] ?? 5);
const GRANTS = 64;
const ROUNDS = 2;
/** Of what the bare loop does. */
const MIN_SHARE_OF_BASELINE = 0.6;

/**
 * A user of the bare loop, whose tokens change with each refresh; and the rates of both sides, in refreshes a second.
 * @typedef {{ clientId: string, tokens: import('./exchanger/world.mjs').Tokens }} BareUser
 * @typedef {{ mine: number, baseline: number }} Rates
 */

const world = await openWorld({ REFRESHES_PER_SECOND: '1000', EXCHANGES_AT_ONCE: '1024' });
try {
  /** @type {string[]} */
  const grants = [];
  for (let n = 0; n < GRANTS; n += 1) grants.push(await makeGrant(`ours-${n}`));
  /** @type {BareUser[]} */
  const bare = [];
  for (let n = 0; n < GRANTS; n += 1) bare.push({ clientId: `bare-${n}`, tokens: await connectAtSandbox(`bare-${n}`) });
  await world.pool.query('create table bare (id text primary key, token text)');
  for (const { clientId } of bare) await world.pool.query('insert into bare values ($1)', [clientId]);
  const { baseline, mine: alone } = await compare(1, grants, bare);
  let most = alone;
  for (const callers of [16, 64]) most = Math.max(most, (await compare(callers, grants, bare)).mine);
  console.log(
    `at most ${Math.round(most)} refreshes/s, the bare loop ${Math.round(baseline)}/s: ${(most / baseline).toFixed(2)} of it, ${MIN_SHARE_OF_BASELINE} required`,
  );
  if (most / baseline < MIN_SHARE_OF_BASELINE) process.exitCode = 1;
} finally {
  await world.close();
}

/** @param {string} clientId */
async function makeGrant(clientId) {
  const tokens = await connectAtSandbox(clientId);
  return insertGrant(world, { appId: await insertApp(world, clientId), tokens, person: clientId });
}

/**
 * @param {number} callers
 * @param {string[]} grants
 * @param {BareUser[]} bare
 * @returns {Promise<Rates>}
 */
async function compare(callers, grants, bare) {
  const file = await open(join(world.folder, 'bare.log'), 'a');
  const plain = () => rate(callers, bare, (one) => loop(one, file));
  const ours = () => rate(callers, grants, refresh, makeDue);
  // Warm, and then in turns, so that both meet the same noise.
  await ours();
  await plain();
  let [mine, baseline] = [0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    mine += (await ours()) / ROUNDS;
    baseline += (await plain()) / ROUNDS;
  }
  await file.close();
  console.log(
    `${callers} at a time: ${Math.round(mine)} refreshes/s, as many bare loops ${Math.round(baseline)}/s, ratio ${(mine / baseline).toFixed(2)}`,
  );
  return { mine, baseline };
}

/**
 * Things a second; `before` each pass over all of them is not counted.
 * @template T
 * @param {number} callers
 * @param {T[]} things
 * @param {(thing: T) => Promise<void>} work
 * @param {() => unknown} [before]
 */
async function rate(callers, things, work, before = () => undefined) {
  let done = 0;
  let spent = 0;
  while (spent < (SECONDS * 1_000) / 2) {
    await before();
    const since = performance.now();
    const queue = [...things];
    await Promise.all(
      Array.from({ length: callers }, async () => {
        for (let next = queue.pop(); next; next = queue.pop()) await work(next);
      }),
    );
    spent += performance.now() - since;
    done += things.length;
  }
  return (done * 1_000) / spent;
}

function makeDue() {
  return world.pool.query(`update grants set refresh_due_at = now(), issued_at = now() - interval '1 hour'`);
}

/** @param {string} grantId */
async function refresh(grantId) {
  const outcome = await world.exchange.refresh(grantId);
  if (outcome.kind !== 'refreshed') throw new Error(`not refreshed: ${JSON.stringify(outcome)}`);
}

/**
 * @param {BareUser} one
 * @param {import('node:fs/promises').FileHandle} file
 */
async function loop(one, file) {
  one.tokens = await requestToken(one.clientId, {
    grant_type: 'refresh_token',
    refresh_token: one.tokens.refresh_token,
  });
  await file.write(`${JSON.stringify(one.tokens)}\n`);
  await file.datasync();
  await world.pool.query('update bare set token = $2 where id = $1', [one.clientId, one.tokens.refresh_token]);
}
