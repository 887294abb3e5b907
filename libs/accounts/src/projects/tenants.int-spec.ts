import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Cursors, Keyring } from '#crypto';
import { Secret } from '#observability';
import { newId, type Tenant, transaction } from '#persistence';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeGrant, makeProject, makeTenant } from '../../../../test/support/rows.js';
import { ListAccounts } from '../accounts/list-accounts.js';
import { ListProjectAccounts } from './list-project-accounts.js';
import { ProjectHealth } from './project-health.js';
import { holdProject, Projects } from './projects.js';

let opened: OpenedDatabase;
let projects: Projects;
let health: ProjectHealth;
let listAccounts: ListProjectAccounts;
let owner: Tenant;
let id: string;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  const { database } = opened;
  const cursors = new Cursors(new Keyring(new Secret(`k1:${randomBytes(32).toString('base64')}`)));
  projects = new Projects(database, cursors);
  health = new ProjectHealth(database, cursors, projects);
  listAccounts = new ListProjectAccounts(projects, new ListAccounts(database, cursors));
});
beforeEach(async () => {
  owner = await makeTenant(opened.database.pool);
  id = await makeProject(opened.database.pool, owner);
});
afterAll(() => opened.close());

const strangers: [string, () => Promise<Tenant>][] = [
  ['another workspace', () => makeTenant(opened.database.pool)],
  ['the other environment of the workspace', () => Promise.resolve({ ...owner, environment: 'live' })],
];

/** An account in the project of the owner, whatever its tenant is: only the tenant makes it a foreign one. */
async function accountOf(
  tenant: Tenant,
  overrides: { health?: string; reason?: string; since?: string } = {},
): Promise<string> {
  const { health: state = 'needs_reauth', reason = 'grant_revoked', since = 'now' } = overrides;
  const account = newId();
  await opened.database.pool.query(
    `insert into accounts (id, workspace_id, environment, project_id, grant_id, provider, platform_account_id,
       connection_type, health, health_reason, health_since)
     values ($1, $2, $3, $4, $5, 'acme', $6, 'oauth', $7, $8, $9)`,
    [
      ...[account, tenant.workspaceId, tenant.environment, id, await makeGrant(opened.database.pool, tenant)],
      ...[account, state, reason, since],
    ],
  );
  return account;
}

const rowOf = async (project: string): Promise<unknown> =>
  (await opened.database.pool.query('select * from projects where id = $1', [project])).rows[0];
const UNKNOWN = { code: 'project.unknown' };

describe.each(strangers)('a statement about projects for %s', (_who, stranger) => {
  it('finds, lists, changes, deletes and holds no project of the owner', async () => {
    const tenant = await stranger();
    const before = await rowOf(id);
    await expect(projects.get({ tenant, id })).rejects.toMatchObject(UNKNOWN);
    await expect(projects.update({ tenant, id }, { name: 'taken' })).rejects.toMatchObject(UNKNOWN);
    await expect(projects.delete({ tenant, id })).rejects.toMatchObject(UNKNOWN);
    const held = transaction(opened.database.pool, (tx) => holdProject(tx, tenant, id));
    await expect(held).rejects.toMatchObject({ code: 'project.not_found' });
    expect(await projects.list({ tenant, limit: 10 })).toEqual({ items: [], nextCursor: null });
    await expect(health.execute({ tenant, projectId: id, limit: 10 })).rejects.toMatchObject(UNKNOWN);
    await expect(listAccounts.execute({ tenant, projectId: id, limit: 10 })).rejects.toMatchObject(UNKNOWN);
    expect(await rowOf(id)).toEqual(before);
    await transaction(opened.database.pool, (tx) => holdProject(tx, owner, id));
  });

  it('counts and lists no account of the stranger for the owner', async () => {
    const own = await accountOf(owner);
    await accountOf(await stranger());
    const found = await health.execute({ tenant: owner, projectId: id, limit: 10 });
    expect(found).toMatchObject({ counts: { reauth_required: 1 }, byReason: { grant_revoked: 1 } });
    expect(found.needsAction.map((account) => account.id)).toEqual([own]);
    const { items } = await listAccounts.execute({ tenant: owner, projectId: id, limit: 10 });
    expect(items.map((account) => account.id)).toEqual([own]);
  });
});

describe('the pages of a project', () => {
  it('hold each account to act on once, those that have waited longest first, also within one microsecond', async () => {
    const times = ['12:00:00.000002', '12:00:00.000001', '12:00:00.000001', '12:00:00'].map(
      (at) => `2026-12-01 ${at}Z`,
    );
    const ids: string[] = [];
    for (const since of times) ids.push(await accountOf(owner, { since }));
    for (const wait of ['active', 'degraded', 'disconnected']) await accountOf(owner, { health: wait });
    const [late, first, second, early] = ids as [string, string, string, string];
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await health.execute({ tenant: owner, projectId: id, limit: 1, ...(cursor && { cursor }) });
      seen.push(...page.needsAction.map((account) => account.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([early, ...[first, second].toSorted(), late]);
  });

  it('a cursor belongs to one project alone', async () => {
    await accountOf(owner);
    await accountOf(owner);
    const { nextCursor } = await health.execute({ tenant: owner, projectId: id, limit: 1 });
    const other = await makeProject(opened.database.pool, owner);
    await expect(
      health.execute({ tenant: owner, projectId: other, limit: 1, cursor: nextCursor! }),
    ).rejects.toMatchObject({ code: 'cursor.invalid' });
  });

  it('hold each project once, newest first, where several have the same time', async () => {
    for (let n = 0; n < 3; n += 1) await makeProject(opened.database.pool, owner);
    await opened.database.pool.query("update projects set created_at = '2026-12-01' where workspace_id = $1", [
      owner.workspaceId,
    ]);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await projects.list({ tenant: owner, limit: 1, ...(cursor && { cursor }) });
      seen.push(...page.items.map((project) => project.id));
      cursor = page.nextCursor;
    }
    expect([new Set(seen).size, seen.length]).toEqual([4, 4]);
  });
});
