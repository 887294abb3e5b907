import type { Host, Task } from './host.js';
import { HOUR, MINUTE, SECOND } from '../support/grant-facts.js';
import type { Wiring } from './wiring.js';
import type { World } from './world.js';

/** An event that may happen next; it returns `false` if it is not possible now. `pick` selects the host, grant or request. */
type Event = (world: World, pick: number) => unknown;

const one = <Item>(items: readonly Item[], pick: number): Item | undefined => items[pick % items.length];
const hostOf = (world: World, pick: number): Host => world.hosts[pick % 2]!;
const grantOf = (world: World, pick: number): string => `g${1 + (pick % world.db.grants.size)}`;

function step(world: World, pick: number): boolean {
  const ready = world.hosts.flatMap((host) =>
    [...host.tasks.values()].filter((task) => world.isReady(host, task)).map((task): [Host, Task] => [host, task]),
  );
  const chosen = one(ready, pick);
  if (!chosen) return carry(world, pick);
  world.step(...chosen);
  return true;
}

function carry(world: World, pick: number): boolean {
  const wire = one(world.wires, pick);
  if (!wire) return sweep(world, pick);
  world.carry(wire);
  return true;
}

/** One exchanger runs ahead of the other, with or without delivery of its answers. */
function runAhead(world: World, pick: number): boolean {
  const host = hostOf(world, pick);
  const before = world.steps;
  world.settleHost(host);
  for (const wire of pick % 4 < 2
    ? []
    : [...world.wires].filter((one) => [...host.tasks.values()].some((task) => task.wire === one))) {
    while (wire.at !== 'over') world.carry(wire);
  }
  world.settleHost(host);
  return world.steps > before;
}

/** Sweeps; if nothing is in transit, time advances to the next due grant. */
function sweep(world: World, pick: number): boolean {
  world.sweep(hostOf(world, pick));
  if (world.hosts.some(({ tasks }) => tasks.size > 0) || world.wires.length > 0) return true;
  const due = [...world.db.grants.values()].map(
    ({ facts, claimUntil }) => claimUntil ?? facts.refreshDueAt?.getTime() ?? Infinity,
  );
  const next = Math.min(...due);
  if (Number.isFinite(next)) world.pass(Math.max(0, next + SECOND - world.now));
  return true;
}

function lose(world: World, pick: number): boolean {
  const wire = one(world.wires, pick >>> 1);
  if (wire) world.drop(wire, pick % 2 === 0);
  return wire !== undefined;
}

const PASSES = [SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 160 * SECOND, 16 * MINUTE, HOUR];

function pass(world: World, pick: number): void {
  world.pass(PASSES[pick % PASSES.length]!);
}

function force(world: World, pick: number): boolean {
  return world.start(hostOf(world, pick), grantOf(world, pick >>> 1), true);
}

/** Crashes a process, or restarts a crashed one. */
function crash(world: World, pick: number): boolean {
  const host = hostOf(world, pick);
  if (host.state === 'gone') return false;
  if (host.state === 'down') world.restart(host);
  else world.crash(host);
  return true;
}

function freeze(world: World, pick: number): boolean {
  const host = hostOf(world, pick);
  if (host.state !== 'up') return false;
  if (host.frozen) world.resumeHost(host);
  else {
    host.frozen = true;
    world.trace(host.name, 'is suspended');
  }
  return true;
}

function loseVolume(world: World, pick: number): boolean {
  const host = world.hosts[1];
  if (pick % 4 !== 0 || host.state === 'gone') return false;
  world.lose(host);
  world.trace(host.name, 'is lost with its volume');
  return true;
}

function database(world: World): void {
  world.db.up = !world.db.up;
  world.trace('the database is', world.db.up ? 'available' : 'unavailable');
}

function refusePairs(world: World): void {
  world.db.refusesPairs = !world.db.refusesPairs;
  world.trace('the database', world.db.refusesPairs ? 'refuses pairs' : 'takes pairs');
}

function loseCommit(world: World): void {
  world.db.losesAnswer = true;
}

function disk(world: World, pick: number): void {
  const { journal, name } = hostOf(world, pick);
  journal.fails = !journal.fails;
  world.trace('the disk of', name, journal.fails ? 'fails' : 'works');
}

/** Half of all states, so that most exchanges succeed. */
const WORKING = ['working', 'working', 'working', 'working'] as const;
const PLATFORM_STATES = [...WORKING, 'failing', 'losing', 'limiting', 'refusing_app'] as const;

function changePlatform(world: World, pick: number): void {
  world.server.state = one(PLATFORM_STATES, pick)!;
  world.server.apiAnswers = (pick >>> 2) % 4 !== 0;
  world.reachable = (pick >>> 4) % 4 !== 0;
  world.trace('the platform is', world.server.state, world.reachable ? '' : 'and unreachable');
}

/**
 * At most once a history the platform refuses every token by mistake, for 1 to 10 minutes; and now and then every token that
 * is sent again, for 1 to 4 hours.
 */
function refuseByMistake({ server, now }: World, pick: number): boolean {
  if (pick % 2 === 0) {
    if (server.refusesAllUntil !== -Infinity) return false;
    server.refusesAllUntil = now + (1 + ((pick >>> 1) % 10)) * MINUTE;
    return true;
  }
  server.refusesResendsUntil = now + (1 + ((pick >>> 1) % 4)) * HOUR;
  return true;
}

function revoke(world: World, pick: number): boolean {
  const family = world.server.familyOf(grantOf(world, pick >>> 2));
  if (!family.isValid || pick % 3 !== 0) return false;
  world.server.end(family);
  world.trace('the person of', family.person, 'revokes');
  return true;
}

/** Connect and disconnect are transactions, so they need the database. */
function reconnect(world: World, pick: number): boolean {
  if (world.db.up) world.reconnect(grantOf(world, pick), world.wiring.delaysConsents && (pick >>> 4) % 3 === 0);
  return world.db.up;
}

function storeConsent(world: World, pick: number): boolean {
  const consent = one(world.consents, pick);
  if (world.db.up && consent) world.storeConsent(consent);
  return world.db.up && consent !== undefined;
}

function disconnect(world: World, pick: number): boolean {
  const grantId = grantOf(world, pick);
  const possible = world.db.up && world.db.row(grantId).connected;
  if (possible) world.disconnect(grantId);
  return possible;
}

const EVENTS: readonly [number, Event][] = [
  [60, step],
  [26, carry],
  [10, sweep],
  [8, pass],
  [8, runAhead],
  [4, force],
  [2, lose],
  [5, crash],
  [4, freeze],
  [1, loseVolume],
  [3, database],
  [2, loseCommit],
  [1, refusePairs],
  [2, disk],
  [2, changePlatform],
  [1, refuseByMistake],
  [1, revoke],
  [3, reconnect],
  [1, disconnect],
];
const toTable = (events: typeof EVENTS): Event[] =>
  events.flatMap(([weight, event]) => Array.from({ length: weight }, () => event));
const TABLE = toTable(EVENTS);
const TABLE_WITH_FAILOVERS = toTable([
  ...EVENTS,
  [6, (world) => world.db.up && (world.db.replicate(), true)],
  [8, (world) => world.failOver()],
]);
const TABLE_WITH_DELAYS = toTable([...EVENTS, [2, storeConsent]]);

function tableOf({ delaysConsents, failsOver }: Wiring): Event[] {
  if (failsOver) return TABLE_WITH_FAILOVERS;
  return delaysConsents ? TABLE_WITH_DELAYS : TABLE;
}

/** Applies one entry of a schedule. */
export function applyEvent(world: World, entry: number): void {
  world.reseed(entry);
  const table = tableOf(world.wiring);
  const event = table[entry % table.length]!;
  const pick = Math.floor(entry / table.length);
  const before = world.steps;
  if (event(world, pick) !== false && world.steps === before) world.count('steps');
}
