import { populate, spread } from './population.js';
import { seededRandom } from './seeded-random.js';
import { type Shape, SHAPES } from './shapes.js';
import { VirtualEngine } from './virtual-engine.js';

export interface OutageOptions {
  /** Migrated databases in which nothing is: so many outages are lived through side by side. */
  databaseUrls: readonly string[];
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
  /** Times that one of them was told to reconnect. */
  wrong: number;
  /** Virtual minutes after the end until every account was refreshed and active; null: not within an hour. */
  refreshedWithin: number | null;
  /** Requests to the token endpoint while the platform was down. */
  sent: number;
  /** That it really took. */
  seconds: number;
}

const HOUR = 3_600;
const WAIT = HOUR;
/** Every token has ended by then. */
const EVENTFUL = 2 * HOUR;
/** After it nothing but tries at long intervals, which may each be up to a minute late. */
const RARELY = 60;

/** Lets a platform be down in one shape after another, and tells what became of the accounts. */
export async function runOutages(
  options: OutageOptions,
  tell: (row: OutageRow) => void = () => undefined,
): Promise<OutageRow[]> {
  const shapes = SHAPES.filter(({ name }) => options.shapes?.includes(name) ?? true);
  const rows: OutageRow[] = [];
  const left = [...shapes.keys()];
  await Promise.all(
    options.databaseUrls.map((url) =>
      runLane(url, options, async (live) => {
        for (let index = left.shift(); index !== undefined; index = left.shift()) {
          const row = await live(shapes[index] as Shape, SHAPES.indexOf(shapes[index] as Shape));
          rows[index] = row;
          tell(row);
        }
      }),
    ),
  );
  return rows;
}

type Live = (shape: Shape, number: number) => Promise<OutageRow>;

/** One database with its accounts. What is drawn in an outage hangs on the seed and on its shape, not on those before it. */
async function runLane(
  url: string,
  { accounts, hours, seed }: OutageOptions,
  work: (live: Live) => Promise<void>,
): Promise<void> {
  let draw = seededRandom(seed);
  const engine = await VirtualEngine.open(url, () => draw());
  try {
    await populate(engine.context, engine.platform, accounts);
    await work((shape, number) => {
      draw = seededRandom(seed + number);
      return runOutage(engine, shape, hours);
    });
  } finally {
    await engine.close();
  }
}

async function runOutage(engine: VirtualEngine, shape: Shape, hours: number): Promise<OutageRow> {
  const { platform, context } = engine;
  const begun = performance.now();
  await spread(context);
  const sequence = await lastEvent(engine);
  const asked = platform.asked;
  platform.outage = shape;
  await goThrough(engine, hours * HOUR);
  platform.outage = null;
  const sent = platform.asked - asked;
  const end = engine.now;
  await engine.live(end + WAIT, { isEnough: () => allWell(engine) });
  const refreshedWithin = (await allWell(engine)) ? Math.ceil((engine.now - end) / 6) / 10 : null;
  const seconds = Math.round((performance.now() - begun) / 1_000);
  return { shape: shape.name, ...(await count(engine, sequence)), refreshedWithin, sent, seconds };
}

async function goThrough(engine: VirtualEngine, length: number): Promise<void> {
  const end = engine.now + length;
  await engine.live(Math.min(end, engine.now + EVENTFUL));
  await engine.live(end, { sweepEvery: RARELY });
}

/** Event ids grow with time. */
async function lastEvent({ context }: VirtualEngine): Promise<string | null> {
  const { rows } = await context.pool.query<{ id: string | null }>(
    'select id from account_events order by id desc limit 1',
  );
  return rows[0]?.id ?? null;
}

async function allWell({ context }: VirtualEngine): Promise<boolean> {
  const { rows } = await context.pool.query(
    `select 1 from accounts join grants on grants.id = grant_id
     where health <> 'active' or refresh_state <> 'idle' or access_expires_at <= db_now() limit 1`,
  );
  return rows.length === 0;
}

async function count(
  { context }: VirtualEngine,
  since: string | null,
): Promise<Pick<OutageRow, 'left' | 'accounts' | 'wrong'>> {
  const { rows } = await context.pool.query<Pick<OutageRow, 'left' | 'accounts' | 'wrong'>>(
    `select count(*)::int as accounts, count(*) filter (where health not in ('active', 'degraded') or exists (
       select 1 from account_events event where event.account_id = accounts.id and ($1::uuid is null or event.id > $1)
         and event.type = 'account.health_changed' and event.data ->> 'health' not in ('active', 'degraded')))::int as left,
       (select count(*) from account_events event where ($1::uuid is null or event.id > $1) and event.type = 'connection.revoked')::int as wrong
     from accounts`,
    [since],
  );
  return rows[0] ?? { left: NaN, accounts: 0, wrong: NaN };
}
