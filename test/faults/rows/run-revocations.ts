import { setTimeout as sleep } from 'node:timers/promises';
import { turnClock } from '../../support/database.js';
import { collectFacts } from '../check/collect-facts.js';
import { drain } from '../check/drain.js';
import { breachesOf, isFalseDeath } from '../check/invariants.js';
import type { Counts } from '../figures/outcome.js';
import { Feeder } from '../load/feeder.js';
import { insist } from '../world/open-pool.js';
import { World } from '../world/world.js';
import type { RowSettings } from './run-row.js';

/** What became of people who took their grants back, among many who did not. */
export interface Revocations extends Counts {
  revoked: number;
  flagged: number;
  /** Accounts that are told dead by anything but exactly one event. */
  mistold: number;
}

const REFRESHED_ONCE = `select count(*)::int as count from grants where token_version > 1 or strike_count > 0 or ended_reason is not null`;
const TOLD = `
  select accounts.id as "accountId", platform_user_id as person, health,
    (select count(*)::int from outbox where account_id = accounts.id and type = 'connection.revoked') as told
  from grants join accounts on accounts.grant_id = grants.id`;

const WITHIN = 20 * 60_000;

/** One in ten of the people goes; everybody is refreshed; two minutes later exactly those are told. */
export async function runRevocations({ databases, kind, queue, say }: RowSettings, people: number): Promise<Revocations> {
  const since = Date.now();
  const world = await World.open({
    databases, queue, accounts: people, design: 'product', platform: { kind, graceSeconds: 0, delayBefore: 0, delayAfter: 0 },
    workers: 2, apis: 0, concurrency: 10, stepsClocks: false,
  });
  try {
    const gone = world.population.accounts.filter((_, index) => index % 10 === 0).map(({ person }) => person);
    await world.platform.revoke(gone);
    await refreshAll(world, people);
    say(`${people} were asked once`);
    await drain(world);
    await turnClock(world.pool, '3 minutes');
    await drain(world);
    return await judge(world, new Set(gone), since);
  } finally {
    await world.close();
  }
}

async function refreshAll(world: World, people: number): Promise<void> {
  const feeder = new Feeder({ pool: world.pool, queue: world.queue, apis: [], apiKey: world.population.apiKey, due: 60 });
  feeder.start();
  const end = Date.now() + WITHIN;
  while (Date.now() < end && (await asked(world)) < people) await sleep(500);
  await feeder.stop();
}

const asked = async ({ pool }: World): Promise<number> =>
  (await insist(() => pool.query<{ count: number }>(REFRESHED_ONCE))).rows[0]?.count ?? 0;

async function judge(world: World, gone: Set<string>, since: number): Promise<Revocations> {
  const facts = await collectFacts(world, { revoked: gone, journaled: [] });
  const { rows } = await world.pool.query<{ person: string; health: string; told: number }>(TOLD);
  const flagged = rows.filter(({ health }) => health === 'needs_reauth');
  return {
    revoked: gone.size,
    flagged: flagged.length,
    mistold: rows.filter(({ person, told }) => told !== (gone.has(person) ? 1 : 0)).length,
    faults: gone.size,
    rotations: facts.platform.sends.filter(({ rotated }) => rotated).length,
    lost: 0, reported: 0, inFlight: 0,
    falseDeaths: facts.accounts.filter((account) => isFalseDeath(account, facts.platform)).length,
    seconds: Math.round((Date.now() - since) / 1_000),
    breaches: breachesOf(facts),
  };
}
