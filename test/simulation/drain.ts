import { deadOf, eventsOf, hangingOf, healthOf, journalsOf, leavesOf, leftoversOf } from './invariants.js';
import { HOUR, MINUTE, SECOND } from '../support/grant-facts.js';
import type { World } from './world.js';

const TICK = 10 * SECOND;

/** The faults are over: everything works again and comes to rest, and the platform is asked who was right. */
export function drain(world: World): void {
  const steps = world.steps;
  mend(world);
  const since = world.now;
  for (let ticks = 0; ticks < 24; ticks += 1) {
    tick(world);
    world.pass(TICK);
    hangingOf(world, since);
    if (world.now - since === MINUTE) journalsOf(world);
  }
  leavesOf(world);
  rest(world);
  eventsOf(world);
  journalsOf(world);
  leftoversOf(world);
  healthOf(world, anybodyLives(world));
  // What comes to rest is no exploration.
  world.see('steps', steps - world.steps);
}

function mend(world: World): void {
  world.tell('the faults are over');
  world.db.up = true;
  world.db.losesAnswer = false;
  world.reachable = true;
  world.server.weather = 'well';
  world.server.apiAnswers = true;
  world.server.refusesAllUntil = Math.min(world.server.refusesAllUntil, world.now);
  for (const host of world.hosts) {
    host.journal.fails = false;
    if (host.frozen) world.thaw(host);
    if (host.state === 'down') world.restart(host);
    for (const { wire } of host.tasks.values()) if (wire?.at === 'over') wire.inbox ??= 'reset';
  }
}

/** Everything under way arrives, and both workers have looked. */
function tick(world: World): void {
  do {
    world.settle();
    for (const wire of [...world.wires]) world.carry(wire);
    world.settle();
    for (const host of world.hosts) world.sweep(host);
  } while (
    world.wires.length > 0 ||
    world.hosts.some((host) => [...host.tasks.values()].some((task) => world.isReady(host, task)))
  );
}

/**
 * The last try of a dead grant comes a day and an hour after its death; what is well is not waited for. Where the platform
 * takes nobody of the app any more, the verdicts wait for days: then only half an hour past the tokens' end is waited for.
 */
function rest(world: World): void {
  const end = world.now + (anybodyLives(world) ? 30 : 3) * HOUR;
  while (world.now < end && !isWell(world)) {
    const due = [...world.db.grants.values()].map(({ facts }) => facts.refreshDueAt?.getTime() ?? Infinity);
    world.pass(Math.max(TICK, Math.min(Math.min(...due) - world.now, 35 * MINUTE)));
    tick(world);
    deadOf(world);
  }
}

const anybodyLives = ({ db, server }: World): boolean =>
  [...db.grants.values()].some(
    ({ facts, pair }) =>
      pair !== null && server.familyOf(facts.id).live.has(pair.refresh) && server.familyOf(facts.id).alive,
  );

const isWell = ({ db, server }: World): boolean =>
  [...db.grants.values()].every(({ connected, health, facts }) => {
    const { alive } = server.familyOf(facts.id);
    return !connected || (alive && health.health === 'active') || (!alive && facts.refreshState === 'ended');
  });
