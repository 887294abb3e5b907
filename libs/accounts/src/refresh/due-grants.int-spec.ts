import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type Tenant } from '#persistence';
import type { Pool } from 'pg';
import { FakeExchange } from '../../../../test/support/fake-exchange.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeApp, makeProject, makeTenant } from '../../../../test/support/rows.js';
import { DueGrants } from './due-grants.js';

let opened: OpenedDatabase;
let pool: Pool;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  pool = opened.database.pool;
});
afterAll(() => opened.close());
beforeEach(async () => {
  await pool.query('truncate workspaces cascade');
  tenant = await makeTenant(pool);
});

interface GrantOptions {
  count?: number;
  of?: Tenant;
  state?: string;
  mode?: string;
  /** Minutes from now. */
  endsIn?: number;
  dueIn?: number;
}

/** Grants of one app, each ending a second after the one before. */
async function grants(
  app: string | null,
  { count = 1, of = tenant, state = 'idle', mode = 'static', endsIn = 20, dueIn = -1 }: GrantOptions = {},
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await pool.query(
    `insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, issued_at, refresh_state, access_expires_at, refresh_due_at)
     select id, $2, 'test', 'acme', $3, id::text, $4, db_now(), $5, db_now() + make_interval(mins => $6, secs => nr), db_now() + make_interval(mins => $7)
     from unnest($1::uuid[]) with ordinality as numbered (id, nr)`,
    [ids, of.workspaceId, app, mode, state, endsIn, dueIn],
  );
  return ids;
}

async function account(grantId: string, was = 'active', reason: string | null = null): Promise<string> {
  const id = newId();
  await pool.query(
    `insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type, health, health_reason)
     values ($1, $2, 'test', $3, 'acme', 'person', $4, 'oauth', $5, $6)`,
    [id, tenant.workspaceId, await makeProject(pool, tenant), grantId, was, reason],
  );
  return id;
}

const health = async (id: string): Promise<object> =>
  (await pool.query<object>('select health, health_reason as reason from accounts where id = $1', [id])).rows[0]!;
const breaker = (app: string, state: string, probeIn: string): Promise<unknown> =>
  pool.query(
    `insert into breakers (oauth_app_id, state, opened_at, probe_at) values ($1, $2, db_now(), db_now() + $3::interval)`,
    [app, state, probeIn],
  );
const status = (app: string, to: string, until: string | null): Promise<unknown> =>
  pool.query('update oauth_apps set status = $2, paused_until = db_now() + $3::interval where id = $1', [
    app,
    to,
    until,
  ]);
const due = (perApp = 500, all = 3_000): Promise<string[]> =>
  new DueGrants(opened.database, new FakeExchange()).execute({ perApp, all });

describe('the grants that are due', () => {
  it('come unknown first, then the soonest to end; what is not due, held or ended does not', async () => {
    const app = await makeApp(pool, tenant);
    const [late] = await grants(app, { endsIn: 50 });
    const [soon] = await grants(app, { endsIn: -5, state: 'backoff' });
    const [unknown] = await grants(app, { endsIn: 90, state: 'unknown' });
    await grants(app, { dueIn: 1 });
    await grants(app, { state: 'ended' });
    expect(await due()).toEqual([unknown, soon, late]);
  });

  it('returns no more grants of one app than it may send until the next sweep', async () => {
    const [busy, calm] = [await makeApp(pool, tenant), await makeApp(pool, tenant)];
    const many = await grants(busy, { count: 30 });
    const few = await grants(calm, { count: 3 });
    expect((await due(10)).sort()).toEqual([...many.slice(0, 10), ...few].sort());
  });

  it('come from the workspaces in turn: ten thousand of one do not hold up the three of another', async () => {
    const other = await makeTenant(pool);
    await grants(await makeApp(pool, tenant), { count: 10_000, endsIn: -60 });
    const three = await grants(await makeApp(pool, other), { count: 3, of: other });
    const first = await due(5_000, 3_000);
    expect(first).toHaveLength(3_000);
    expect(first.slice(0, 6)).toEqual(expect.arrayContaining(three));
  });

  it.each([
    ['is paused', (app: string) => status(app, 'paused', '5 minutes'), 0],
    ['was paused until a moment ago', (app: string) => status(app, 'paused', '-1 second'), 1],
    ['is misconfigured and was checked not long ago', (app: string) => status(app, 'misconfigured', '2 minutes'), 0],
    ['is misconfigured and may be checked again', (app: string) => status(app, 'misconfigured', '-1 second'), 1],
    ['has an open breaker', (app: string) => breaker(app, 'open', '20 seconds'), 0],
    ['has an open breaker whose probe is due', (app: string) => breaker(app, 'open', '-1 second'), 5],
    ['has a breaker that is being probed', (app: string) => breaker(app, 'half_open', '0'), 5],
    ['has a breaker that is closed', (app: string) => breaker(app, 'closed', '0'), 20],
    ['has a probe that lies further off than any can', (app: string) => breaker(app, 'open', '3 hours'), 5],
  ])('returns no more grants of an app that %s than it may send', async (_what, failure, capacity) => {
    const app = await makeApp(pool, tenant);
    await grants(app, { count: 20, state: 'unknown' });
    const [well] = await grants(await makeApp(pool, tenant));
    await failure(app);
    const found = await due();
    expect(found).toHaveLength(capacity + 1);
    expect(found).toContain(well);
  });

  it('returns for an app whose breaker probes the grants with the longest wait, not those just refused', async () => {
    const app = await makeApp(pool, tenant);
    await grants(app, { count: 5, endsIn: -90, dueIn: -1, state: 'unknown' });
    await grants(app, { count: 5, endsIn: -90, dueIn: -1, state: 'backoff' });
    const waiting = await grants(app, { count: 5, dueIn: -30 });
    await breaker(app, 'open', '-1 second');
    expect((await due()).sort()).toEqual(waiting.sort());
  });

  it('orders the grants of an app whose breaker probes by their wait, also where the token of the first ends last', async () => {
    const app = await makeApp(pool, tenant);
    const [first] = await grants(app, { dueIn: -40, endsIn: 90 });
    const [second] = await grants(app, { dueIn: -30, endsIn: -30 });
    const [third] = await grants(app, { dueIn: -20, endsIn: -60, state: 'unknown' });
    await breaker(app, 'open', '-1 second');
    expect(await due()).toEqual([first, second, third]);
  });

  it('that nothing can refresh are looked at whatever their app is up to, and without one', async () => {
    const app = await makeApp(pool, tenant);
    await status(app, 'paused', '5 minutes');
    const looks = [...(await grants(app, { count: 3, mode: 'none' })), ...(await grants(null, { count: 2 }))];
    expect((await due()).sort()).toEqual(looks.sort());
  });
});

const FAILURES: [string, (app: string) => Promise<unknown>][] = [
  ['provider_unavailable', (app) => breaker(app, 'open', '20 seconds')],
  ['app_paused', (app) => status(app, 'paused', '5 minutes')],
  ['app_misconfigured', (app) => status(app, 'misconfigured', '5 minutes')],
];

describe('an access token that ends while no request of its app can be sent', () => {
  const ends = (grantId: string): Promise<unknown> =>
    pool.query('update grants set access_expires_at = db_now() where id = $1', [grantId]);
  const eventsOf = async (id: string): Promise<object[]> =>
    (
      await pool.query<object>(`select type, data ->> 'reason' as reason from account_events where account_id = $1`, [
        id,
      ])
    ).rows;

  it.each(FAILURES)('is reported as degraded by %s, once, and not before', async (reason, failure) => {
    const app = await makeApp(pool, tenant);
    const [grantId] = await grants(app, { endsIn: 1 });
    const id = await account(grantId!);
    await failure(app);
    expect(await due()).toEqual([]);
    expect(await health(id)).toEqual({ health: 'active', reason: null });
    await ends(grantId!);
    await due();
    await due();
    expect(await health(id)).toEqual({ health: 'degraded', reason });
    expect(await eventsOf(id)).toEqual([{ type: 'account.health_changed', reason }]);
  });

  it.each(FAILURES)(
    'reports the expired token of a grant that was refused once by %s, too',
    async (reason, failure) => {
      const app = await makeApp(pool, tenant);
      const [grantId] = await grants(app, { endsIn: 1, state: 'confirm' });
      await pool.query(
        `update grants set last_class = 'permanent', last_reason = 'refresh_unconfirmed', strike_count = 1 where id = $1`,
        [grantId],
      );
      const id = await account(grantId!, 'degraded', 'refresh_unconfirmed');
      await failure(app);
      await due();
      expect(await health(id)).toEqual({ health: 'degraded', reason: 'refresh_unconfirmed' });
      await ends(grantId!);
      await due();
      await due();
      expect(await health(id)).toEqual({ health: 'degraded', reason });
      expect(await eventsOf(id)).toEqual([{ type: 'account.health_changed', reason }]);
    },
  );
});

describe('the job of a due refresh', () => {
  const MAX_WAIT_MS = 20;

  it('returns the outcome of the refresh', async () => {
    const exchange = new FakeExchange();
    exchange.answers.refresh = { kind: 'refused' };
    expect(await new DueGrants(opened.database, exchange).refresh('a grant')).toBe('refused');
    expect(exchange.refreshes).toEqual([{ grantId: 'a grant', options: undefined }]);
  });

  it('leaves a refresh to the exchanger whose platform does not answer soon, so that its place is free for others', async () => {
    const exchange = new FakeExchange();
    const release = exchange.hold();
    expect(await new DueGrants(opened.database, exchange).refresh('a grant', MAX_WAIT_MS)).toBe('running');
    release();
  });
});
