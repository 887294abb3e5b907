import { expect, it } from '@jest/globals';
import { DAY, FEW_ACCOUNTS, HOUR, LargeApp, MINUTE } from './large-app.js';
import { type Shape, SHAPES } from './shapes.js';

/** With this total, the largest app has more accounts than those whose failures open its breaker. */
const MANY_ACCOUNTS = 40;
const LOST_ANSWERS = 12;

const app = LargeApp.forEachTest();

const HANGS: Shape = { name: 'rotates, then hangs', token: () => 'lost', takes: 120, spends: true };
const BAD_GATEWAY: Shape = {
  name: 'rotates, then 502',
  token: () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') }),
  spends: true,
};

/** Loses the answers to the refreshes that are due now, after the platform has rotated. Returns the number of grants of the app. */
async function loseAnswers(accounts: number, dueNow: number, outage = HANGS): Promise<number> {
  const grants = await app.populate(accounts, dueNow);
  app.engine.platform.outage = outage;
  await app.engine.runUntil(3 * MINUTE);
  app.engine.platform.outage = null;
  expect(await app.breakers()).toEqual([expect.not.stringMatching('closed')]);
  return grants.length;
}

it.each([HANGS, BAD_GATEWAY])(
  'closes the breaker although many grants were lost: a refusal of a spent token does not count ($name)',
  async (outage) => {
    const all = await loseAnswers(MANY_ACCOUNTS, LOST_ANSWERS, outage);
    // The access tokens of this platform stay valid: the loss shows at its token endpoint alone.
    await app.engine.runUntil(30 * MINUTE);
    expect(await app.breakers()).toEqual(['closed']);
    await app.engine.runUntil(2 * HOUR);
    expect(await app.accounts()).toMatchObject([
      { health: 'active', reason: null, count: all - LOST_ANSWERS },
      { health: 'needs_reauth', reason: 'refresh_outcome_unknown', count: LOST_ANSWERS },
    ]);
    expect(await app.breakers()).toEqual(['closed']);
  },
  180_000,
);

it('reports lost answers of all grants of an app after two days, because no other grant can show that the platform works', async () => {
  const all = await loseAnswers(FEW_ACCOUNTS, FEW_ACCOUNTS);
  await app.engine.runUntil(2 * DAY - 15 * MINUTE, { sweepEvery: 45 * MINUTE });
  expect(await app.accounts()).toMatchObject([{ health: 'degraded', reason: 'provider_unavailable', count: all }]);
  await app.engine.runUntil(2 * DAY + 2 * HOUR, { sweepEvery: 5 * MINUTE });
  expect(await app.accounts()).toMatchObject([
    { health: 'needs_reauth', reason: 'refresh_outcome_unknown', count: all },
  ]);
}, 180_000);

it('opens the breaker by the failures of grants with one strike each, and closes it by their successes', async () => {
  const all = (await app.populate(FEW_ACCOUNTS)).length;
  await app.engine.context.pool
    .query(`update grants set refresh_state = 'confirm', last_class = 'permanent', last_reason = 'refresh_unconfirmed',
    strike_count = 1, first_strike_at = db_now(), last_strike_at = db_now(), witness = 'accepts'`);
  app.engine.platform.outage = SHAPES.find(({ name }) => name === '500') ?? null;
  await app.engine.runUntil(30 * MINUTE);
  expect(await app.breakers()).toEqual([expect.not.stringMatching('closed')]);
  app.engine.platform.outage = null;
  await app.engine.runUntil(45 * MINUTE);
  expect(await app.accounts()).toMatchObject([{ health: 'active', reason: null, count: all }]);
  expect(await app.breakers()).toEqual(['closed']);
}, 180_000);
