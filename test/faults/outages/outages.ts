import { populate } from './population.js';
import { seededRandom } from './seeded-random.js';
import { type Shape, SHAPES } from './shapes.js';
import { VirtualEngine } from './virtual-engine.js';

export interface OutageOptions {
  /** A migrated database in which nothing is. */
  databaseUrl: string;
  accounts: number;
  /** By name; undefined: all. */
  shapes?: readonly string[];
  /** Virtual hours that each outage lasts. */
  hours: number;
  seed: number;
}

export interface OutageRow {
  shape: string;
  accounts: number;
  /** Accounts that were anything but active or degraded, at any time. */
  left: number;
  /** Virtual minutes after the end until every account was refreshed and active; null: not within an hour. */
  refreshedWithin: number | null;
}

const HOUR = 3_600;
const WAIT = HOUR;

/** Lets a platform be down in one shape after another, and tells what became of the accounts. */
export async function runOutages({ databaseUrl, accounts, shapes, hours, seed }: OutageOptions, tell: (row: OutageRow) => void = () => undefined): Promise<OutageRow[]> {
  const engine = await VirtualEngine.open(databaseUrl, seededRandom(seed));
  try {
    await populate(engine.room, engine.platform, accounts);
    const rows: OutageRow[] = [];
    for (const shape of SHAPES.filter(({ name }) => shapes?.includes(name) ?? true)) {
      const row = await runOutage(engine, shape, hours);
      rows.push(row);
      tell(row);
    }
    return rows;
  } finally {
    await engine.close();
  }
}

async function runOutage(engine: VirtualEngine, shape: Shape, hours: number): Promise<OutageRow> {
  const sequence = await lastEvent(engine);
  engine.platform.outage = shape;
  await engine.live(engine.now + Math.min(hours, shape.hours ?? hours) * HOUR);
  engine.platform.outage = null;
  const end = engine.now;
  await engine.live(end + WAIT, () => allWell(engine));
  const { left, accounts } = await count(engine, sequence);
  const refreshedWithin = (await allWell(engine)) ? Math.ceil((engine.now - end) / 6) / 10 : null;
  return { shape: shape.name, accounts, left, refreshedWithin };
}

/** Event ids grow with time. */
async function lastEvent({ room }: VirtualEngine): Promise<string | null> {
  const { rows } = await room.pool.query<{ id: string | null }>('select id from account_events order by id desc limit 1');
  return rows[0]?.id ?? null;
}

async function allWell({ room }: VirtualEngine): Promise<boolean> {
  const { rows } = await room.pool.query(
    `select 1 from accounts join grants on grants.id = grant_id
     where health <> 'active' or refresh_state <> 'idle' or access_expires_at <= db_now() limit 1`,
  );
  return rows.length === 0;
}

async function count({ room }: VirtualEngine, since: string | null): Promise<{ left: number; accounts: number }> {
  const { rows } = await room.pool.query<{ left: number; accounts: number }>(
    `select count(*)::int as accounts, count(*) filter (where health not in ('active', 'degraded') or exists (
       select 1 from account_events event where event.account_id = accounts.id and ($1::uuid is null or event.id > $1)
         and event.type = 'account.health_changed' and event.data ->> 'health' not in ('active', 'degraded')))::int as left
     from accounts`,
    [since],
  );
  return rows[0] ?? { left: NaN, accounts: 0 };
}
