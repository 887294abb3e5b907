import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { newId, type Tenant } from '../index.js';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';

const HEALTHS = ['active', 'degraded', 'needs_reauth', 'disconnected'];
const PROVIDERS = ['x', 'tiktok'];
const TYPES = ['oauth', 'manual'];
const DIMENSIONS = 'workspace_id, environment, provider, connection_type, health, has_reauth_due';
const FACTS = `workspace_id, environment, project_id, provider, connection_type, health, reauth_due_at is not null as has_reauth_due`;

/** The cells in which the stored counts differ from the rows. */
const DIFFERENCES = `
  with kept as (
    select ${DIMENSIONS}, nullif(project_id, '00000000-0000-0000-0000-000000000000') as project_id, sum(accounts)::int as n
    from account_counts group by ${DIMENSIONS}, project_id having sum(accounts) <> 0),
  counted as (
    select ${DIMENSIONS}, project_id, count(*)::int as n from (select ${FACTS} from accounts) as facts
    group by grouping sets ((${DIMENSIONS}, project_id), (${DIMENSIONS})))
  (select 'kept', * from kept except select 'kept', * from counted)
  union all (select 'counted', * from counted except select 'counted', * from kept)`;

/** The accounts whose stored search text differs from them. */
const OTHER_TEXTS = `
  select account.id, search.text from accounts account full join account_search search on search.account_id = account.id
  where (search.workspace_id, search.environment, search.connected_at, search.is_connected, search.text) is distinct from
    (account.workspace_id, account.environment, account.connected_at, account.health <> 'disconnected',
      lower(concat_ws(E'\\n', account.handle, account.display_name,
        (select string_agg(value, E'\\n') from jsonb_each_text(account.metadata)))))`;

let opened: OpenedDatabase;
let clients: pg.Client[];

beforeAll(async () => {
  opened = await openMigratedDatabase();
  clients = [];
  for (let n = 0; n < 4; n += 1) {
    const client = new pg.Client({ connectionString: opened.url });
    await client.connect();
    clients.push(client);
  }
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await opened.close();
});

const differences = async (): Promise<unknown[]> => {
  const { pool } = opened.database;
  return [...(await pool.query<object>(DIFFERENCES)).rows, ...(await pool.query<object>(OTHER_TEXTS)).rows];
};

/** Numbers that a seed repeats. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

interface World {
  tenant: Tenant;
  projects: string[];
}

/** Adds accounts that differ in everything that is counted, with a grant each. */
const CONNECT = `
  with numbers as (select gen_random_uuid() as id, gen_random_uuid() as "grant", n from generate_series(1, $4::int) as n),
  granted as (insert into grants (id, workspace_id, environment, provider, platform_user_id, mode, issued_at)
    select "grant", $1, $2, 'x', id::text, 'static', now() from numbers)
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type, health)
  select id, $1, $2, $3, case n % 2 when 0 then 'x' else 'tiktok' end, id::text, "grant",
    case n % 3 when 0 then 'manual' else 'oauth' end, 'active' from numbers`;

/** Rows in random order: what two transactions change overlaps, and no two of them wait in a circle. */
const SOME = `(select id from accounts where workspace_id = $1 order by random() limit $2 for update skip locked)`;

/** One random change, of one account or of several, as the service makes it or as by hand. */
async function change(client: pg.Client, { tenant, projects }: World, random: (below: number) => number) {
  const { workspaceId, environment } = tenant;
  const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const some = [workspaceId, 1 + random(5)];
  const changes: (() => Promise<unknown>)[] = [
    () => client.query(CONNECT, [workspaceId, environment, pick(projects), 1 + random(6)]),
    () => client.query(`update accounts set health = $3 where id in ${SOME}`, [...some, pick(HEALTHS)]),
    () => client.query(`update accounts set project_id = $3 where id in ${SOME}`, [...some, pick(projects)]),
    () =>
      client.query(
        `update accounts set reauth_due_at = case when random() < 0.5 then now() end where id in ${SOME}`,
        some,
      ),
    () =>
      client.query(`update accounts set provider = $3, connection_type = $4 where id in ${SOME}`, [
        ...some,
        pick(PROVIDERS),
        pick(TYPES),
      ]),
    () =>
      client.query(
        `update accounts set handle = $3, metadata = jsonb_build_object('ref', $3::text) where id in ${SOME}`,
        [...some, pick(['Žofie', 'ada', null])],
      ),
    () => client.query(`update accounts set event_sequence = event_sequence + 1 where id in ${SOME}`, some),
    () => client.query(`delete from accounts where id in ${SOME}`, some),
    () => client.query(`update accounts set health = 'degraded' where workspace_id = $1 and false`, [workspaceId]),
  ];
  await pick(changes)();
}

/** Transactions that roll back in part or as a whole; a quarter is above READ COMMITTED, and may have to be dropped. */
async function storm(client: pg.Client, worlds: World[], seed: number): Promise<void> {
  const random = randomOf(seed);
  for (let n = 0; n < 60; n += 1) {
    const world = worlds[random(worlds.length)]!;
    await client.query(random(4) === 0 ? 'begin isolation level repeatable read' : 'begin');
    try {
      for (let left = random(3); left >= 0; left -= 1) {
        await client.query('savepoint one');
        await change(client, world, random);
        if (random(4) === 0) await client.query('rollback to one');
      }
      await client.query(random(4) === 0 ? 'rollback' : 'commit');
    } catch (error) {
      if ((error as { code?: string }).code !== '40001') throw error;
      await client.query('rollback');
    }
  }
}

async function makeWorld(): Promise<World> {
  const tenant = await makeTenant(opened.database.pool);
  const projects = [];
  for (let n = 0; n < 3; n += 1) projects.push(await makeProject(opened.database.pool, tenant));
  return { tenant, projects };
}

describe('the counts and search texts of accounts', () => {
  it('equal the rows after random changes on four connections, by hand and with rollbacks', async () => {
    const worlds = [await makeWorld(), await makeWorld()];
    for (const { tenant, projects } of worlds) {
      await clients[0]!.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[0], 200]);
    }
    await Promise.all(clients.map((client, n) => storm(client, worlds, 7 + n)));
    expect(await differences()).toEqual([]);
    const { rows } = await opened.database.pool.query<{ n: number }>('select count(*)::int as n from accounts');
    expect(rows[0]!.n).toBeGreaterThan(50);
  }, 60_000);

  it('follows a deletion of a workspace, and a truncated table', async () => {
    const { pool } = opened.database;
    const { tenant, projects } = await makeWorld();
    await pool.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[0], 9]);
    for (const table of ['accounts', 'grants', 'projects']) {
      await pool.query(`delete from ${table} where workspace_id = $1`, [tenant.workspaceId]);
    }
    await pool.query('delete from workspaces where id = $1', [tenant.workspaceId]);
    expect(await differences()).toEqual([]);
    const kept = 'select * from account_counts where workspace_id = $1';
    expect((await pool.query(kept, [tenant.workspaceId])).rows).toEqual([]);
    const other = await makeWorld();
    await pool.query(CONNECT, [other.tenant.workspaceId, other.tenant.environment, other.projects[0], 9]);
    await pool.query('truncate accounts cascade');
    expect((await pool.query('select * from account_counts')).rows).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  it('make no transaction wait for another one that counts in the same cells, in whichever order', async () => {
    const { tenant, projects } = await makeWorld();
    const [first, second] = [clients[0]!, clients[1]!];
    const connect = (client: pg.Client) =>
      client.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[0], 6]);
    await connect(first);
    for (const client of [first, second]) {
      await client.query('begin');
      await client.query(`set local lock_timeout = '1s'`);
    }
    await connect(first);
    await connect(second);
    await connect(first);
    await second.query('commit');
    await first.query('rollback');
    expect(await differences()).toEqual([]);
  });

  it('begin with the accounts that are stored when the migration runs', async () => {
    const { dataSource, pool } = opened.database;
    const { tenant, projects } = await makeWorld();
    await pool.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[0], 12]);
    const isCounted = async () =>
      (await pool.query(`select 1 from pg_class where relname = 'account_counts'`)).rowCount;
    while (await isCounted()) await dataSource.undoLastMigration();
    await pool.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[1], 3]);
    await dataSource.runMigrations();
    expect(await differences()).toEqual([]);
  });

  it('take few rows: as many in a cell as transactions that ran at the same time', async () => {
    const { tenant, projects } = await makeWorld();
    for (let n = 0; n < 50; n += 1) {
      await clients[0]!.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[0], 1]);
    }
    const { rows } = await opened.database.pool.query('select accounts from account_counts where workspace_id = $1', [
      tenant.workspaceId,
    ]);
    expect(rows).toEqual([{ accounts: '50' }, { accounts: '50' }]);
  });

  it('stay as they are when nothing changes that is counted', async () => {
    const { tenant, projects } = await makeWorld();
    const { pool } = opened.database;
    await pool.query(CONNECT, [tenant.workspaceId, tenant.environment, projects[0], 1]);
    const versions = async (): Promise<unknown[]> =>
      (await pool.query<object>('select xmin from account_counts where workspace_id = $1', [tenant.workspaceId])).rows;
    const before = await versions();
    await pool.query('update accounts set event_sequence = 9, handle = $2 where workspace_id = $1', [
      tenant.workspaceId,
      newId(),
    ]);
    expect(await versions()).toEqual(before);
  });
});
