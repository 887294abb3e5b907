import { populate } from './population.js';
import { seededRandom } from './seeded-random.js';
import { VirtualEngine } from './virtual-engine.js';

export interface RevocationOptions {
  /** A migrated database in which nothing is. */
  databaseUrl: string;
  accounts: number;
  revoked: number;
  seed: number;
}

export interface RevocationFigures {
  revoked: number;
  /** Of those, accounts that are `needs_reauth`. */
  flagged: number;
  /** Others that are anything but active. */
  others: number;
  /** Accounts of any kind whose events `connection.revoked` are not exactly as many as there should be. */
  miscounted: number;
}

/** Every token has come up by then, at four fifths of two hours, and whoever doubts has asked for half an hour. */
const LONG_ENOUGH = 5_760 + 1_800;

const COUNT = `
  with told as (
    select accounts.id, accounts.id = any($1::uuid[]) as revoked, health, health_reason as reason,
      (select count(*) from account_events event where event.account_id = accounts.id and event.type = 'connection.revoked')::int as events
    from accounts
  )
  select count(*) filter (where revoked)::int as revoked,
    count(*) filter (where revoked and health = 'needs_reauth' and reason = 'grant_revoked')::int as flagged,
    count(*) filter (where not revoked and health <> 'active')::int as others,
    count(*) filter (where events <> revoked::int)::int as miscounted
  from told`;

/** Some people take their consent back at the platform, and nobody is told: exactly they are to be found. */
export async function runRevocations({
  databaseUrl,
  accounts,
  revoked,
  seed,
}: RevocationOptions): Promise<RevocationFigures> {
  const engine = await VirtualEngine.open(databaseUrl, seededRandom(seed));
  try {
    const persons = await populate(engine.context, engine.platform, accounts);
    const every = Math.floor(persons.length / revoked);
    const gone = persons.filter((_, index) => index % every === 0).slice(0, revoked);
    for (const person of gone) engine.platform.revoke(person);
    await engine.live(engine.now + LONG_ENOUGH);
    const { rows } = await engine.context.pool.query<RevocationFigures>(COUNT, [gone]);
    if (!rows[0]) throw new Error('nothing was counted');
    return rows[0];
  } finally {
    await engine.close();
  }
}
