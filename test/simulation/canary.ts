import type { Canary } from '../../libs/tokens/src/protocol/death-rule.js';
import type { GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import type { Database, GrantRow } from './database.js';
import type { World } from './world.js';

const othersOf = (db: Database, { id }: GrantFacts): GrantRow[] =>
  [...db.grants.values()].filter(({ facts, pair }) => facts.id !== id && pair !== null && facts.endedReason === null && facts.refreshState !== 'ended');

const latest = (moments: (Date | null)[]): Date | null =>
  moments.reduce((one, other) => (one !== null && (other === null || one > other) ? one : other), null);

/** As readCanary in store/canary.ts. */
export function readCanary(db: Database, grant: GrantFacts): Canary {
  const others = othersOf(db, grant);
  const refreshedAt = latest(others.map(({ facts }) => facts.lastRefreshedAt));
  return { others: others.length > 0, refreshedAt, acceptedAt: refreshedAt, refusedAt: latest(others.map(({ facts }) => facts.lastStrikeAt)) };
}

/** As askCanary in exchange/witness.ts. */
export function askCanary({ db, server }: World, grant: GrantFacts): Date | null {
  const other = othersOf(db, grant).find(({ facts }) => facts.strikeCount === 0 && (facts.accessExpiresAt === null || facts.accessExpiresAt > db.now));
  return other?.pair && server.identity(other.pair.access) === 'accepts' ? db.now : null;
}
