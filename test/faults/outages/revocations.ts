import { populate } from './population.js';
import { seededRandom } from './seeded-random.js';
import { VirtualEngine } from './virtual-engine.js';

export interface RevocationOptions {
  /** An empty migrated database. */
  databaseUrl: string;
  accounts: number;
  revoked: number;
  seed: number;
}

export interface RevocationFigures {
  revoked: number;
  /** Revoked accounts that are `needs_reauth`. */
  flagged: number;
  /** Other accounts that are not active. */
  others: number;
  /** Accounts with a wrong number of events `connection.revoked`. */
  miscounted: number;
}

/** Seconds: step token is due within four fifths of two hours, and strikes are confirmed within half an hour. */
const DETECTION_LIMIT = 5_760 + 1_800;

const COUNT = `
  with account_counts as (
    select accounts.id, accounts.id = any($1::uuid[]) as revoked, health, health_reason as reason,
      (select count(*) from account_events event where event.account_id = accounts.id and event.type = 'connection.revoked')::int as events
    from accounts
  )
  select count(*) filter (where revoked)::int as revoked,
    count(*) filter (where revoked and health = 'needs_reauth' and reason = 'grant_revoked')::int as flagged,
    count(*) filter (where not revoked and health <> 'active')::int as others,
    count(*) filter (where events <> revoked::int)::int as miscounted
  from account_counts`;

/** Revokes some grants at the platform without a notification; the product must detect exactly these. */
export async function runRevocations({
  databaseUrl,
  accounts,
  revoked,
  seed,
}: RevocationOptions): Promise<RevocationFigures> {
  const engine = await VirtualEngine.open(databaseUrl, seededRandom(seed));
  try {
    const persons = await populate(engine.context, engine.platform, accounts);
    const step = Math.floor(persons.length / revoked);
    const withdrawn = persons.filter((_, index) => index % step === 0).slice(0, revoked);
    for (const person of withdrawn) engine.platform.revoke(person);
    await engine.runUntil(engine.now + DETECTION_LIMIT);
    const { rows } = await engine.context.pool.query<RevocationFigures>(COUNT, [withdrawn]);
    if (!rows[0]) throw new Error('the query returned no row');
    return rows[0];
  } finally {
    await engine.close();
  }
}
