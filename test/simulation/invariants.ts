import type { AuthorizationServer, Family, Reuse } from './authorization-server.js';
import { type GrantRow, isHeld } from './database.js';
import { MINUTE, SECOND } from '../support/grant-facts.js';
import type { GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import type { World } from './world.js';

/** Something that must never be, by the name of what it breaks. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(`${invariant}: ${message}`);
  }
}

const fail = (invariant: string, message: string): never => {
  throw new Violation(invariant, message);
};

const UNKNOWN = 'refresh_outcome_unknown';

const familyOf = ({ server }: World, { facts }: GrantRow): Family => server.familyOf(facts.id);

/** Whether what we store, or keep beside it, is a leaf that the platform would take. */
const holdsLeaf = ({ pair, orphans }: GrantRow, { alive, live }: Family): boolean =>
  alive && [pair, ...orphans.map((orphan) => orphan.pair)].some((one) => one !== null && live.has(one.refresh));

/** I2: no token twice, except where the outcome of its first sending is unknown, or was until the platform broke its promise. */
export function repeatOf({ sentTwice, promiseBroken, mode }: AuthorizationServer): void {
  const repeat = sentTwice.find(({ second }) => !promiseBroken.has(second.token));
  if (repeat && mode !== 'static')
    fail('I2', `${repeat.second.token} of ${repeat.second.grantId} was sent twice, and nobody doubted the first`);
}

/** A grant is lost only through a crash window that is known for it. */
export function lossOf({ reuses }: AuthorizationServer): void {
  const bare = reuses.find(({ first, second }) => first.window === undefined && second.window === undefined);
  if (bare) fail('I1', `${bare.first.grantId} was lost, though no answer was`);
}

/** I4, at the moment of a verdict: who is declared dead is dead. */
export function verdictOf(server: AuthorizationServer, before: GrantFacts, row: GrantRow): void {
  const { endedReason, id } = row.facts;
  if (endedReason === before.endedReason || endedReason === null || endedReason === UNKNOWN) return;
  if (holdsLeaf(row, server.familyOf(id))) fail('I4', `${id} lives and was declared dead: ${endedReason}`);
}

/** I3: each commit has one event, and each event one commit. */
export function eventsOf({ db }: World): void {
  const told = new Map<number, number>();
  for (const { intentId } of db.events) told.set(intentId, (told.get(intentId) ?? 0) + 1);
  for (const { id, state } of db.intents.values()) {
    const wanted = state === 'committed' ? 1 : 0;
    if ((told.get(id) ?? 0) !== wanted)
      fail('I3', `the exchange ${id} is ${state} and was told ${told.get(id) ?? 0} times`);
  }
}

/** I5, so long after the last fault: nothing hangs. A claim that nobody holds any more ends by itself. */
export function hangingOf({ db, now }: World, since: number): void {
  for (const { facts, claimUntil } of db.grants.values()) {
    const end = Math.max(since, isHeld(facts) ? (claimUntil ?? 0) : 0);
    const hangs = isHeld(facts) || (facts.refreshState === 'unknown' && facts.endedReason === null);
    if (hangs && now - end > 60 * SECOND)
      fail('I5', `${facts.id} is ${facts.refreshState} ${(now - since) / SECOND} s after the last fault`);
  }
}

/** I6: every journal is empty. */
export function journalsOf({ hosts }: World): void {
  for (const { name, journal } of hosts)
    if (journal.entries.size > 0) fail('I6', `the journal of ${name} still holds ${journal.entries.size}`);
}

/** I1: what is stored is what the platform would take, or the loss was reported. */
export function leavesOf(world: World): void {
  for (const row of world.db.grants.values()) {
    const family = familyOf(world, row);
    if (!mustHoldLeaf(world, row, family) || holdsLeaf(row, family)) continue;
    fail('I1', `${row.facts.id} holds ${row.pair?.refresh ?? 'nothing'}, the platform ${[...family.live].join(', ')}`);
  }
}

const mustHoldLeaf = (world: World, { connected, facts, pair }: GrantRow, family: Family): boolean =>
  connected &&
  family.alive &&
  facts.endedReason !== UNKNOWN &&
  !isReplaced(world, family) &&
  !world.server.promiseBroken.has(pair?.refresh ?? '');

/** A request that came so late that nobody listened any more has replaced what its own resend had brought. */
const isReplaced = ({ server }: World, family: Family): boolean =>
  server.replaced.some((one) => one.family === family && one.second.window !== undefined);

/** What we revoke at the platform ends no grant that is in use. */
export function revocationOf({ facts, pair }: GrantRow, ended: boolean): void {
  if (ended && pair !== null) fail('revoked', `${facts.id} is in use, and we revoked it`);
}

/** What a person disconnected is revoked at the platform, unless a process died or an answer got lost on the way there. */
export function leftoversOf(world: World): void {
  if (world.deaths > 0) return;
  for (const { facts, connected } of world.db.grants.values()) {
    const lost = [...world.sendings.values()].some(
      ({ grantId, window }) => grantId === facts.id && window !== undefined,
    );
    if (!connected && !lost && world.server.familyOf(facts.id).alive)
      fail('revoked', `${facts.id} was disconnected and lives at the platform`);
  }
}

/** I4, half an hour after every token of a dead grant has ended: it does not look alive. */
export function deadOf(world: World): void {
  for (const row of world.db.grants.values()) {
    const { facts, health, connected } = row;
    const ended = facts.accessExpiresAt !== null && world.now - facts.accessExpiresAt.getTime() > 30 * MINUTE;
    if (connected && ended && !familyOf(world, row).alive && health.health === 'active')
      fail('I4', `${facts.id} is dead and called active`);
  }
}

/**
 * Whether a loss shows as one. A request that arrives after a later sending of its token was taken, which nobody doubts, ends
 * what is stored as good; the grant is then refused as any other. So it is where the platform broke its promise.
 */
const isTold = ({ replaced, promiseBroken }: AuthorizationServer, { first, second }: Reuse): boolean =>
  !promiseBroken.has(second.token) &&
  [first, ...replaced.filter((one) => one.first === first).map((one) => one.second)].every(
    ({ intentId }) => intentId < second.intentId,
  );

/** I4, after the last tries: who lives is active, and who was lost or revoked says so, and why. */
export function healthOf(world: World, verdicts: boolean): void {
  for (const row of world.db.grants.values()) {
    if (!row.connected) continue;
    const family = familyOf(world, row);
    if (holdsLeaf(row, family) && row.health.health !== 'active')
      fail('I4', `${row.facts.id} lives and is ${stateOf(row)}`);
    if (verdicts && !family.alive) deathOf(world, row, family);
  }
}

function deathOf({ server }: World, row: GrantRow, family: Family): void {
  const loss = server.reuses.find((reuse) => reuse.family === family);
  if (loss && isTold(server, loss) && row.facts.endedReason !== UNKNOWN)
    fail('I1', `${row.facts.id} was lost and is called ${row.facts.endedReason ?? 'alive'}`);
  if (row.health.health !== 'needs_reauth') fail('I4', `${row.facts.id} is dead and is ${stateOf(row)}`);
}

const stateOf = ({ health: { health, reason } }: GrantRow): string => `${health} ${reason ?? ''}`;
