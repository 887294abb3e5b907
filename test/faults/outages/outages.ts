import { populate, spread } from './population.js';
import { seededRandom } from './seeded-random.js';
import { type Shape, SHAPES } from './shapes.js';
import { VirtualEngine } from './virtual-engine.js';

export interface OutageOptions {
  /** Empty migrated databases; one outage at a time runs in each. */
  databaseUrls: readonly string[];
  accounts: number;
  /** By name; undefined: all. */
  shapes?: readonly string[];
  /** Virtual hours that each outage lasts. */
  hours: number;
  /** Accounts are probed too, all of them when the outage begins. */
  probes?: boolean;
  seed: number;
}

export interface OutageRow {
  shape: string;
  accounts: number;
  /** Accounts that were at any time neither active nor degraded. */
  affected: number;
  /** Events `connection.revoked`, each of which requires a reconnect. */
  revocations: number;
  /** Virtual minutes after the end until every account was refreshed and active; null: not within an hour. */
  refreshedWithin: number | null;
  /** Requests to the token endpoint while the platform was down. */
  sent: number;
  /** Real duration in seconds. */
  seconds: number;
}

const HOUR = 3_600;
/** The longest wait for the recovery, in seconds. */
const RECOVERY_LIMIT = HOUR;
/** Every access token expires within this time. */
const ACCESS_TOKEN_LIFE = 2 * HOUR;
/** Seconds between sweeps after that: retries have long intervals, and a delay of a minute does not matter. */
const LONG_SWEEP_INTERVAL = 60;

/** Simulates an outage of each shape, and reports its effect on the accounts. */
export async function runOutages(
  options: OutageOptions,
  onRow: (row: OutageRow) => void = () => undefined,
): Promise<OutageRow[]> {
  const shapes = SHAPES.filter(({ name }) => options.shapes?.includes(name) ?? true);
  const rows: OutageRow[] = [];
  const remaining = [...shapes.keys()];
  await Promise.all(
    options.databaseUrls.map((url) =>
      runLane(url, options, async (run) => {
        for (let index = remaining.shift(); index !== undefined; index = remaining.shift()) {
          const row = await run(shapes[index] as Shape, SHAPES.indexOf(shapes[index] as Shape));
          rows[index] = row;
          onRow(row);
        }
      }),
    ),
  );
  return rows;
}

type RunShape = (shape: Shape, number: number) => Promise<OutageRow>;

/** One database with its accounts. The random numbers of an outage depend only on the seed and its shape. */
async function runLane(
  url: string,
  { accounts, seed, ...options }: OutageOptions,
  work: (run: RunShape) => Promise<void>,
): Promise<void> {
  let draw = seededRandom(seed);
  const engine = await VirtualEngine.open(url, () => draw());
  try {
    await populate(engine.context, engine.platform, accounts);
    await work((shape, number) => {
      draw = seededRandom(seed + number);
      return runOutage(engine, shape, options);
    });
  } finally {
    await engine.close();
  }
}

async function runOutage(
  engine: VirtualEngine,
  shape: Shape,
  { hours, probes = false }: Pick<OutageOptions, 'hours' | 'probes'>,
): Promise<OutageRow> {
  const { platform, context } = engine;
  const startedAt = performance.now();
  await spread(context);
  const sequence = await lastEvent(engine);
  const requests = platform.requests;
  platform.outage = shape;
  if (probes) await engine.probeAll();
  await runOutagePeriod(engine, hours * HOUR);
  platform.outage = null;
  const sent = platform.requests - requests;
  const end = engine.now;
  await engine.runUntil(end + RECOVERY_LIMIT, { isDone: () => areAllRefreshed(engine) });
  const refreshedWithin = (await areAllRefreshed(engine)) ? Math.ceil((engine.now - end) / 6) / 10 : null;
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  return { shape: shape.name, ...(await count(engine, sequence)), refreshedWithin, sent, seconds };
}

async function runOutagePeriod(engine: VirtualEngine, length: number): Promise<void> {
  const end = engine.now + length;
  await engine.runUntil(Math.min(end, engine.now + ACCESS_TOKEN_LIFE));
  await engine.runUntil(end, { sweepEvery: LONG_SWEEP_INTERVAL });
}

/** Event ids are ordered by time. */
async function lastEvent({ context }: VirtualEngine): Promise<string | null> {
  const { rows } = await context.pool.query<{ id: string | null }>(
    'select id from account_events order by id desc limit 1',
  );
  return rows[0]?.id ?? null;
}

async function areAllRefreshed({ context }: VirtualEngine): Promise<boolean> {
  const { rows } = await context.pool.query(
    `select 1 from accounts join grants on grants.id = grant_id
     where health <> 'active' or refresh_state <> 'idle' or access_expires_at <= db_now() limit 1`,
  );
  return rows.length === 0;
}

async function count(
  { context }: VirtualEngine,
  since: string | null,
): Promise<Pick<OutageRow, 'affected' | 'accounts' | 'revocations'>> {
  const { rows } = await context.pool.query<Pick<OutageRow, 'affected' | 'accounts' | 'revocations'>>(
    `select count(*)::int as accounts, count(*) filter (where health not in ('active', 'degraded') or exists (
       select 1 from account_events event where event.account_id = accounts.id and ($1::uuid is null or event.id > $1)
         and event.type = 'account.health_changed' and event.data ->> 'health' not in ('active', 'degraded')))::int as affected,
       (select count(*) from account_events event where ($1::uuid is null or event.id > $1) and event.type = 'connection.revoked')::int as revocations
     from accounts`,
    [since],
  );
  return rows[0] ?? { affected: NaN, accounts: 0, revocations: NaN };
}
