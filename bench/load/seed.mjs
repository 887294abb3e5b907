import { inBulk, sealGrants } from './bulk.mjs';

/** @typedef {import('pg').Pool} Pool */
/** @typedef {{ id: string, name: string, accounts: number }} SeededWorkspace */

export const NEEDLE = 'needle';
/** In every metadata value. */
export const COMMON = 'customer';
export const PROVIDERS = ['x', 'tiktok', 'linkedin', 'facebook', 'instagram', 'pinterest'];
export const ENVIRONMENT = 'test';
const BATCH = 100_000;

/** Independent of the other columns and of the order. @param {string} salt */
const spread = (salt) => `(hashtextextended('${salt}', n) & 1073741823) % 1000`;

/** Nine in ten are `active`; one in fifty is disconnected. */
const HEALTH = `(case when h < 900 then 'active' when h < 930 then 'expiring' when h < 950 then 'degraded'
  when h < 970 then 'needs_reauth' when h < 975 then 'missing_permissions' when h < 980 then 'restricted' else 'disconnected' end)`;

const FILL = `
  with numbers as (
    select n, gen_random_uuid() as id, gen_random_uuid() as "grant", ${spread('health')} as h, ${spread('type')} as t,
      ${spread('project')} as p, ${spread('due')} as d, 1 + ${spread('provider')} % 6 as provider
    from generate_series($3::int, $4::int) as n),
  granted as (
    insert into grants (id, workspace_id, environment, provider, platform_user_id, mode, scopes, issued_at, access_expires_at)
    select "grant", $1, '${ENVIRONMENT}', ($5::text[])[provider], 'bench-' || n, 'rotating_strict',
      '{tweet.read,tweet.write,users.read,offline.access}', now(), now() + interval '2 hours' from numbers)
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type, handle,
    display_name, avatar_url, health, metadata, connected_at, last_probed_at, reauth_due_at, disconnected_at)
  select id, $1, '${ENVIRONMENT}', ($2::uuid[])[case when p < 900 then 1 else 2 + p % 9 end], ($5::text[])[provider], 'bench-' || n,
    "grant", case when t < 970 then 'oauth' when t < 990 then 'manual' else 'leased' end, 'handle_' || n,
    'Shop ' || n || case when n % 1000 = 0 then ' ${NEEDLE}' else '' end, 'https://pbs.example/' || n || '.jpg', ${HEALTH},
    jsonb_build_object('user_ref', '${COMMON}-' || n), now() - make_interval(secs => $6::int - n), now(),
    case when d < 200 and h < 980 then now() + make_interval(hours => (d * 11)::int) end, case when h >= 980 then now() end
  from numbers order by n`;

/**
 * Fills a workspace with accounts that are due for nothing, the newest inserted last: one in fifty disconnected, one in ten in
 * another than its first project, one in five with a reauthorization in the next 90 days. The token of each opens.
 * @param {Pool} pool
 * @param {SeededWorkspace} workspace
 * @param {string} home where the master key is
 */
export async function fillWorkspace(pool, { id, accounts }, home) {
  const projects = await pool.query(
    `insert into projects (id, workspace_id, environment, name) select gen_random_uuid(), $1, '${ENVIRONMENT}', 'bench ' || n
     from generate_series(1, 10) as n returning id`,
    [id],
  );
  const ids = projects.rows.map((row) => row.id);
  await inBulk(pool, accounts, async (client) => {
    for (let from = 1; from <= accounts; from += BATCH) {
      const to = Math.min(accounts, from + BATCH - 1);
      await client.query(FILL, [id, ids, from, to, PROVIDERS, accounts]);
    }
    await sealGrants(client, { workspaceId: id, environment: ENVIRONMENT }, home);
  });
  return { firstProject: ids[0], otherProject: ids[1] };
}

/**
 * Spreads accounts over as many workspaces, whose accounts come in turns. Returns the name of one of them.
 * @param {Pool} pool
 * @param {{ workspaces: number, accountsEach: number }} size
 * @param {string} home where the master key is
 */
export async function fillManyWorkspaces(pool, { workspaces, accountsEach }, home) {
  await pool.query(
    `insert into workspaces (id, name) select gen_random_uuid(), 'bench-many-' || n from generate_series(1, $1::int) as n`,
    [workspaces],
  );
  const { rows } = await pool.query(`select id, name from workspaces where name like 'bench-many-%'`);
  await inBulk(pool, workspaces * accountsEach, async () => {
    for (const { id, name } of rows) await fillWorkspace(pool, { id, name, accounts: accountsEach }, home);
  });
  return `bench-many-${Math.ceil(workspaces / 2)}`;
}
