import type { Canary } from '../../libs/tokens/src/protocol/revocation-policy.js';
import type { GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import { MINUTE } from '../support/grant-facts.js';
import type { Database, GrantRow } from './database.js';
import type { World } from './world.js';

const othersOf = (db: Database, { id }: GrantFacts): GrantRow[] =>
  [...db.grants.values()].filter(
    ({ facts, pair }) =>
      facts.id !== id && pair !== null && facts.endedReason === null && facts.refreshState !== 'ended',
  );

const latest = (moments: (Date | null)[]): Date | null =>
  moments.reduce((one, other) => (one !== null && (other === null || one > other) ? one : other), null);

const isRefreshable = ({ facts }: GrantRow, now: Date): boolean =>
  facts.refreshExpiresAt === null || facts.refreshExpiresAt > now;

/** As readCanary in store/canary.ts. */
export function readCanary(db: Database, grant: GrantFacts, intentId: number): Omit<Canary, 'acceptedAt'> {
  const others = othersOf(db, grant);
  return {
    others: others.length > 0,
    refreshable: others.some((row) => isRefreshable(row, db.now)),
    refreshedAt: lastRefreshed(db, others, db.intents.get(intentId)!.dispatchedAt),
    refusedAt: latest(others.map(({ facts }) => facts.lastStrikeAt)),
  };
}

function lastRefreshed(db: Database, others: GrantRow[], before: number): Date | null {
  const ended = others.filter(
    ({ facts }) => facts.lastRefreshedAt !== null && facts.lastRefreshedAt.getTime() < before,
  );
  const last = latest(ended.map(({ facts }) => facts.lastRefreshedAt));
  const id = ended.find(({ facts }) => facts.lastRefreshedAt === last)?.facts.id;
  const sent = [...db.intents.values()].filter(({ grantId, state }) => grantId === id && state === 'committed');
  return latest(sent.map(({ dispatchedAt }) => new Date(dispatchedAt)));
}

/** As checkCanaryGrants in exchange/api-check.ts. */
export function checkCanaryGrants({ db, server }: World, grant: GrantFacts): Date | null {
  const other = othersOf(db, grant).find(
    ({ facts }) => facts.strikeCount === 0 && (facts.accessExpiresAt === null || facts.accessExpiresAt > db.now),
  );
  return other?.pair && server.identity(other.pair.access) === 'accepts' ? db.now : null;
}

/** As scheduleCanary in store/canary.ts. */
export function scheduleCanary(db: Database, grant: GrantFacts): void {
  const isIdle = ({ facts }: GrantRow): boolean =>
    facts.refreshState === 'idle' && facts.strikeCount === 0 && db.now.getTime() - facts.issuedAt.getTime() >= MINUTE;
  const idle = othersOf(db, grant).filter((row) => isIdle(row) && isRefreshable(row, db.now));
  const dueAt = ({ facts }: GrantRow): number => facts.refreshDueAt?.getTime() ?? Infinity;
  const next = idle.sort((one, other) => dueAt(one) - dueAt(other))[0];
  if (next && dueAt(next) > db.now.getTime()) next.facts = { ...next.facts, refreshDueAt: db.now };
}
