import type { AuthorizationServer, Family, Reuse } from './authorization-server.js';
import { type GrantRow, isHeld } from './database.js';
import { MINUTE, SECOND } from '../support/grant-facts.js';
import type { GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import type { World } from './world.js';

/** A state that must never occur, with the name of the invariant. */
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

/** Whether a stored pair or an orphan is a leaf that the platform accepts. */
const holdsLeaf = ({ pair, orphans }: GrantRow, { isValid, leaves }: Family): boolean =>
  isValid && [pair, ...orphans.map((orphan) => orphan.pair)].some((one) => one !== null && leaves.has(one.refresh));

/** I2: no token is sent twice, unless the outcome of the first request is unknown or the platform broke its grace period. */
export function checkRepeats({ sentTwice, promiseBroken, mode }: AuthorizationServer): void {
  const repeat = sentTwice.find(({ second }) => !promiseBroken.has(second.token));
  if (repeat && mode !== 'static')
    fail('I2', `${repeat.second.token} of ${repeat.second.grantId} was sent twice, and the first outcome was known`);
}

/** I1: a grant is lost only through a known crash window. */
export function checkLosses({ reuses }: AuthorizationServer): void {
  const bare = reuses.find(({ first, second }) => first.window === undefined && second.window === undefined);
  if (bare) fail('I1', `${bare.first.grantId} was lost, although no answer was lost`);
}

/** I4, at each change: a grant that is reported as revoked is revoked. */
export function checkRevokedState(server: AuthorizationServer, before: GrantFacts, row: GrantRow): void {
  const { endedReason, id } = row.facts;
  if (endedReason === before.endedReason || endedReason === null || endedReason === UNKNOWN) return;
  if (holdsLeaf(row, server.familyOf(id))) fail('I4', `${id} is valid and was reported as ${endedReason}`);
}

/** I3: each commit has exactly one event, and each event one commit. */
export function checkEvents({ db }: World): void {
  const counts = new Map<number, number>();
  for (const { intentId } of db.events) counts.set(intentId, (counts.get(intentId) ?? 0) + 1);
  for (const { id, state } of db.intents.values()) {
    const expected = state === 'committed' ? 1 : 0;
    if ((counts.get(id) ?? 0) !== expected)
      fail('I3', `the exchange ${id} is ${state} and has ${counts.get(id) ?? 0} events`);
  }
}

/** I5: no grant stays undecided for over 60 s after the last fault. A claim without a holder expires. */
export function checkProgress({ db, now }: World, since: number): void {
  for (const { facts, claimUntil } of db.grants.values()) {
    const end = Math.max(since, isHeld(facts) ? (claimUntil ?? 0) : 0);
    const hangs = isHeld(facts) || (facts.refreshState === 'unknown' && facts.endedReason === null);
    if (hangs && now - end > 60 * SECOND)
      fail('I5', `${facts.id} is ${facts.refreshState} ${(now - since) / SECOND} s after the last fault`);
  }
}

/** I6: every journal is empty. */
export function checkJournals({ hosts }: World): void {
  for (const { name, journal } of hosts)
    if (journal.entries.size > 0) fail('I6', `the journal of ${name} still holds ${journal.entries.size}`);
}

/** I1: the platform accepts the stored pair, or the loss was reported; until it is decided, as a suspicion. */
export function checkStoredTokens(world: World, areLossesDecided: boolean): void {
  for (const row of world.db.grants.values()) {
    const family = familyOf(world, row);
    if (!mustHoldLeaf(world, row, family) || holdsLeaf(row, family)) continue;
    if (areLossesDecided || !isSuspectedLoss(row))
      fail(
        'I1',
        `${row.facts.id} holds ${row.pair?.refresh ?? 'nothing'}, the platform ${[...family.leaves].join(', ')}`,
      );
  }
}

/** A refusal of the app or a failure of the platform may cover the suspicion; the grant keeps it, and is due again. */
const isSuspectedLoss = ({ facts, health }: GrantRow): boolean =>
  facts.refreshDueAt !== null &&
  (facts.refreshState === 'confirm' ? health.reason === UNKNOWN : facts.unknownSince !== null);

const mustHoldLeaf = (world: World, { connected, isOutdated, facts, pair }: GrantRow, family: Family): boolean =>
  connected &&
  !isOutdated &&
  family.isValid &&
  facts.endedReason !== UNKNOWN &&
  !isReplacedByLateRequest(world, family) &&
  !world.server.promiseBroken.has(pair?.refresh ?? '');

/** A request that arrived after its deadline has replaced the pair that its own resend had returned. */
const isReplacedByLateRequest = ({ server }: World, family: Family): boolean =>
  server.replaced.some((one) => one.family === family && one.second.window !== undefined);

/** A revocation at the platform never revokes a grant in use. */
export function checkRevocation({ facts, pair }: GrantRow, ended: boolean): void {
  if (ended && pair !== null) fail('revoked', `${facts.id} is in use and was revoked`);
}

/** A disconnected grant is revoked at the platform, unless a process crashed or an answer was lost before. */
export function checkDisconnected(world: World): void {
  if (world.crashes > 0) return;
  for (const { facts, connected } of world.db.grants.values()) {
    const lost = [...world.requests.values()].some(
      ({ grantId, window }) => grantId === facts.id && window !== undefined,
    );
    if (!connected && !lost && world.server.familyOf(facts.id).isValid)
      fail('revoked', `${facts.id} was disconnected and is still valid at the platform`);
  }
}

/** I4: 30 minutes after the tokens of a revoked grant expire, its account is not active. */
export function checkEndedHealth(world: World): void {
  for (const row of world.db.grants.values()) {
    const { facts, health, connected } = row;
    const ended = facts.accessExpiresAt !== null && world.now - facts.accessExpiresAt.getTime() > 30 * MINUTE;
    if (connected && ended && !familyOf(world, row).isValid && health.health === 'active')
      fail('I4', `${facts.id} is revoked and reported as active`);
  }
}

/**
 * Whether a loss can be recognised as one. If a request arrives after a later request with its token succeeded, it revokes a
 * pair whose outcome is known; the grant is then refused as any other. The same holds if the platform broke its grace period.
 */
const isRecognisable = ({ replaced, promiseBroken }: AuthorizationServer, { first, second }: Reuse): boolean =>
  !promiseBroken.has(second.token) &&
  [first, ...replaced.filter((one) => one.first === first).map((one) => one.second)].every(
    ({ intentId }) => intentId < second.intentId,
  );

/** I4, after the last retries: a valid grant is active, a lost or revoked one is reported with its reason. */
export function checkHealth(world: World, areRevocationsReported: boolean): void {
  for (const row of world.db.grants.values()) {
    if (!row.connected) continue;
    const family = familyOf(world, row);
    if (holdsLeaf(row, family) && row.health.health !== 'active')
      fail('I4', `${row.facts.id} is valid and is ${stateOf(row)}`);
    if (areRevocationsReported && !family.isValid) checkRevokedHealth(world, row, family);
  }
}

function checkRevokedHealth({ server }: World, row: GrantRow, family: Family): void {
  const loss = server.reuses.find((reuse) => reuse.family === family);
  if (loss && !row.isOutdated && isRecognisable(server, loss) && row.facts.endedReason !== UNKNOWN)
    fail('I1', `${row.facts.id} was lost and is reported as ${row.facts.endedReason ?? 'valid'}`);
  if (row.health.health !== 'needs_reauth') fail('I4', `${row.facts.id} is revoked and is ${stateOf(row)}`);
}

const stateOf = ({ health: { health, reason } }: GrantRow): string => `${health} ${reason ?? ''}`;
