import {
  checkEndedHealth,
  checkEvents,
  checkProgress,
  checkHealth,
  checkJournals,
  checkStoredTokens,
  checkDisconnected,
} from './invariants.js';
import { HOUR, MINUTE, SECOND } from '../support/grant-facts.js';
import type { World } from './world.js';

const TICK = 10 * SECOND;

/**
 * Ends all faults, runs the world until it is stable, and compares its state with the platform. The mistaken refusals of
 * resends end by themselves: a grant that is reported as lost for their sake must recover.
 */
export function drain(world: World): void {
  const steps = world.steps;
  endFaults(world);
  for (const consent of [...world.consents]) world.storeConsent(consent);
  const since = world.now;
  for (let ticks = 0; ticks < 24; ticks += 1) {
    storeSetAside(world);
    tick(world);
    world.pass(TICK);
    checkProgress(world, since);
    if (world.now - since === MINUTE) checkJournals(world);
  }
  checkStoredTokens(world, false);
  runUntilStable(world);
  checkStoredTokens(world, hasValidGrant(world));
  checkEvents(world);
  checkJournals(world);
  checkDisconnected(world);
  checkHealth(world, hasValidGrant(world));
  // Steps of the drain do not count as explored steps.
  world.count('steps', steps - world.steps);
}

function endFaults(world: World): void {
  world.trace('the faults are over');
  world.db.up = true;
  world.db.losesAnswer = false;
  world.db.refusesPairs = false;
  world.reachable = true;
  world.server.state = 'working';
  world.server.apiAnswers = true;
  world.server.refusesAllUntil = Math.min(world.server.refusesAllUntil, world.now);
  for (const host of world.hosts) {
    host.journal.fails = false;
    if (host.frozen) world.resumeHost(host);
    if (host.state === 'down') world.restart(host);
    for (const { wire } of host.tasks.values()) if (wire?.at === 'over') wire.inbox ??= 'reset';
  }
}

/** A new release starts, and stores what was refused. */
function storeSetAside(world: World): void {
  for (const host of world.hosts)
    if (host.runs && host.tasks.size === 0 && host.journal.entries.size > 0) world.restart(host);
}

/** The product sweeps every 10 s. A grant that is due and cannot be refreshed yet is claimed and released by each sweep. */
const MAX_SWEEPS_PER_TICK = 100;

/** Delivers everything in transit and sweeps on both hosts. */
function tick(world: World): void {
  let sweeps = 0;
  do {
    sweeps += 1;
    world.settle();
    for (const wire of [...world.wires]) world.carry(wire);
    world.settle();
    for (const host of world.hosts) world.sweep(host);
  } while (sweeps < MAX_SWEEPS_PER_TICK && isBusy(world));
}

const isBusy = (world: World): boolean =>
  world.wires.length > 0 ||
  world.hosts.some((host) => [...host.tasks.values()].some((task) => world.isReady(host, task)));

/**
 * The last retry of a revoked grant follows 25 hours after the refusal; the loop ends early once every grant is stable. If
 * the platform refuses every grant of the app, revocations are reported after two days: then it covers only the 30 minutes
 * after the tokens expire.
 */
function runUntilStable(world: World): void {
  const end = world.now + (hasValidGrant(world) ? 30 : 3) * HOUR;
  while (world.now < end && !isStable(world)) {
    const due = [...world.db.grants.values()].map(({ facts }) => facts.refreshDueAt?.getTime() ?? Infinity);
    world.pass(Math.max(TICK, Math.min(Math.min(...due) - world.now, 35 * MINUTE)));
    tick(world);
    checkEndedHealth(world);
  }
}

const hasValidGrant = ({ db, server }: World): boolean =>
  [...db.grants.values()].some(
    ({ facts, pair }) =>
      pair !== null && server.familyOf(facts.id).leaves.has(pair.refresh) && server.familyOf(facts.id).isValid,
  );

const isStable = ({ db, server }: World): boolean =>
  [...db.grants.values()].every(({ connected, health, facts }) => {
    const { isValid } = server.familyOf(facts.id);
    return !connected || (isValid && health.health === 'active') || (!isValid && facts.refreshState === 'ended');
  });
