import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newId, type Tenant } from '#persistence';
import { Flow } from '../../../../test/support/flow.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';
import type { AccountFilters } from './account-filters.js';
import { type AccountSort, ListAccounts } from './list-accounts.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

interface AccountFields {
  handle?: string;
  name?: string;
  metadata?: Record<string, string>;
  provider?: string;
  health?: string;
  type?: string;
  /** Seconds ago. */
  age?: number;
  projectId?: string;
  /** Days until the person is needed. */
  dueIn?: number;
}

/** Accounts of a tenant as rows, each on a grant of its own; their ids in the same order. */
async function fill(tenant: Tenant, accounts: AccountFields[]): Promise<string[]> {
  const projectId = await makeProject(flow.pool, tenant);
  const rows = accounts.map((account) => ({
    id: newId(),
    grant: newId(),
    ...tenant,
    projectId,
    provider: 'x',
    health: 'active',
    type: 'oauth',
    age: 0,
    dueIn: null,
    metadata: {},
    handle: null,
    name: null,
    ...account,
  }));
  await flow.pool.query(
    `with row as (select * from jsonb_to_recordset($1) as row(id uuid, "grant" uuid, "workspaceId" uuid, environment text, "projectId" uuid,
       provider text, health text, type text, age float8, metadata jsonb, handle text, name text, "dueIn" float8)),
     granted as (insert into grants (id, workspace_id, environment, provider, platform_user_id, mode, issued_at)
       select "grant", "workspaceId", environment, provider, id, 'static', now() from row)
     insert into accounts (id, workspace_id, environment, project_id, grant_id, provider, platform_account_id, connection_type, health,
       handle, display_name, metadata, connected_at, reauth_due_at)
     select id, "workspaceId", environment, "projectId", "grant", provider, id, type, health, handle, name, metadata,
       date_trunc('minute', now()) - make_interval(secs => age),
       date_trunc('minute', now()) + "dueIn" * interval '1 day' from row`,
    [JSON.stringify(rows)],
  );
  return rows.map(({ id }) => id);
}

const list = (tenant: Tenant, filters: AccountFilters = {}, limit = 100, cursor?: string, sort?: AccountSort) =>
  flow.get(ListAccounts).execute({ tenant, filters, limit, ...(cursor && { cursor }), ...(sort && { sort }) });

async function pages(
  tenant: Tenant,
  limit: number,
  filters: AccountFilters = {},
  sort?: AccountSort,
): Promise<string[][]> {
  const all: string[][] = [];
  let cursor: string | null | undefined;
  do {
    const page = await list(tenant, filters, limit, cursor ?? undefined, sort);
    all.push(page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return all;
}

describe('pages of accounts', () => {
  it('lose and repeat nothing, newest first, where many were connected at the same moment', async () => {
    const tenant = await makeTenant(flow.pool);
    const ids = await fill(
      tenant,
      Array.from({ length: 53 }, (_, n) => ({ age: Math.floor(n / 20) })),
    );
    for (const limit of [1, 7, 20, 53, 54]) {
      const walked = (await pages(tenant, limit)).flat();
      expect(new Set(walked)).toEqual(new Set(ids));
      expect(walked).toHaveLength(53);
      expect(walked).toEqual([
        ...ids.slice(0, 20).toSorted().toReversed(),
        ...ids.slice(20, 40).toSorted().toReversed(),
        ...ids.slice(40).toSorted().toReversed(),
      ]);
    }
  });

  it('orders accounts by the microsecond', async () => {
    const tenant = await makeTenant(flow.pool);
    const ids = await fill(tenant, [{ age: 0.000003 }, { age: 0.000001 }, { age: 0.000002 }]);
    expect((await pages(tenant, 1)).flat()).toEqual([ids[1], ids[2], ids[0]]);
  });

  it('pages neither lose nor repeat an account when another one connects in between', async () => {
    const tenant = await makeTenant(flow.pool);
    const ids = await fill(tenant, [{ age: 1 }, { age: 2 }, { age: 3 }, { age: 4 }]);
    const first = await list(tenant, {}, 2);
    await fill(tenant, [{ age: 0 }]);
    const second = await list(tenant, {}, 2, first.nextCursor!);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect([first.total, second.total, second.nextCursor]).toEqual([4, 4, null]);
  });

  it('end without a cursor where the last one is full', async () => {
    const tenant = await makeTenant(flow.pool);
    await fill(tenant, [{}, {}]);
    expect((await list(tenant, {}, 2)).nextCursor).toBeNull();
    expect(await list(await makeTenant(flow.pool))).toEqual({
      items: [],
      nextCursor: null,
      total: 0,
      totalCapped: false,
    });
  });
});

describe('accounts by their next reauthorization', () => {
  it('lists those that need their person soon, by a filter beside another one, and pages lose and repeat nothing', async () => {
    const tenant = await makeTenant(flow.pool);
    const ids = await fill(
      tenant,
      Array.from({ length: 40 }, (_, n) => ({
        age: n,
        provider: n % 2 ? 'x' : 'tiktok',
        health: n % 3 ? 'active' : 'expiring',
        ...(n % 5 && { dueIn: n }),
      })),
    );
    const soon = { reauthDueBefore: new Date(Date.now() + 30 * 86_400_000) };
    const expected = (isIn: (n: number) => boolean) => ids.filter((_, n) => n % 5 > 0 && n <= 30 && isIn(n));
    expect((await pages(tenant, 7, soon)).flat()).toEqual(expected(() => true));
    expect((await pages(tenant, 3, { ...soon, provider: 'x' })).flat()).toEqual(expected((n) => n % 2 === 1));
    const both = { ...soon, provider: 'x', health: 'expiring' as const };
    expect((await pages(tenant, 2, both)).flat()).toEqual(expected((n) => n % 6 === 3));
    expect(await list(tenant, both, 2)).toMatchObject({ total: 4, totalCapped: false });
  });

  it('lists the next one first, without those that need none, and pages lose and repeat nothing', async () => {
    const tenant = await makeTenant(flow.pool);
    const [late, soon, , sameDay] = await fill(tenant, [{ dueIn: 9 }, { dueIn: 2 }, {}, { dueIn: 9 }]);
    const order = [soon, ...[late!, sameDay!].sort()];
    expect((await pages(tenant, 1, {}, 'reauth_due_at')).flat()).toEqual(order);
    expect(await list(tenant, {}, 1, undefined, 'reauth_due_at')).toMatchObject({ total: 3, totalCapped: false });
    const before = { reauthDueBefore: new Date(Date.now() + 5 * 86_400_000) };
    expect((await list(tenant, before)).items.map(({ id }) => id)).toEqual([soon]);
  });

  it('binds a cursor to its order', async () => {
    const tenant = await makeTenant(flow.pool);
    await fill(tenant, [{ dueIn: 1 }, { dueIn: 2 }]);
    const { nextCursor } = await list(tenant, {}, 1, undefined, 'reauth_due_at');
    await expect(list(tenant, {}, 1, nextCursor!)).rejects.toMatchObject({ code: 'cursor.invalid' });
  });
});

describe('filters', () => {
  let tenant: Tenant;
  let ids: Record<string, string>;
  const found = async (filters: AccountFilters): Promise<string[]> => {
    const { items, total } = await list(tenant, filters);
    expect(total).toBe(items.length);
    return items.map(({ id }) => Object.entries(ids).find(([, other]) => other === id)![0]).toSorted();
  };

  beforeAll(async () => {
    tenant = await makeTenant(flow.pool);
    const projectId = await makeProject(flow.pool, tenant);
    const accounts: Record<string, AccountFields> = {
      percent: { handle: '100%_sure', name: 'Percy' },
      plain: { handle: '100 sure', name: 'Paul\\Backslash', metadata: { user_ref: 'Customer-42', plan: 'gold' } },
      tiktok: { provider: 'tiktok', name: 'ŽOFIE 🌻', projectId },
      revoked: { health: 'needs_reauth', handle: 'revoked', type: 'manual' },
      gone: { health: 'disconnected', handle: 'gone 100%' },
    };
    const made = await fill(tenant, Object.values(accounts));
    ids = { ...Object.fromEntries(Object.keys(accounts).map((name, n) => [name, made[n]!])), project: projectId };
  });

  it('hide the disconnected unless they are requested', async () => {
    expect(await found({})).toEqual(['percent', 'plain', 'revoked', 'tiktok']);
    expect(await found({ health: 'disconnected' })).toEqual(['gone']);
  });

  it('narrows the list and its total by provider, health, connection type and project', async () => {
    expect(await found({ provider: 'tiktok' })).toEqual(['tiktok']);
    expect(await found({ health: 'needs_reauth' })).toEqual(['revoked']);
    expect(await found({ connectionType: 'manual' })).toEqual(['revoked']);
    expect(await found({ projectId: ids.project! })).toEqual(['tiktok']);
    expect(await found({ projectId: ids.project!, provider: 'x' })).toEqual([]);
    expect(await found({ projectId: ids.project!, provider: 'tiktok' })).toEqual(['tiktok']);
    expect(await found({ health: 'needs_reauth', connectionType: 'manual', provider: 'x' })).toEqual(['revoked']);
    expect(await found({ healths: ['active', 'disconnected'], provider: 'x' })).toEqual(['gone', 'percent', 'plain']);
    expect(await found({ isLeased: false, health: 'needs_reauth' })).toEqual(['revoked']);
  });

  it.each([
    ['100%', ['percent']],
    ['100', ['percent', 'plain']],
    ['_', ['percent']],
    ['\\', ['plain']],
    ['PERCY', ['percent']],
    ['žofie', ['tiktok']],
    ['🌻', ['tiktok']],
    ['customer-42', ['plain']],
    ['GOLD', ['plain']],
    ['user_ref', []],
    ["'; drop table accounts; --", []],
  ])('searches for the text %j letter by letter, in any case', async (q, expected) => {
    expect(await found({ q })).toEqual(expected);
  });
});

describe('a cursor', () => {
  it('is good for the list and the filters it came with, and for nothing else', async () => {
    const [tenant, other] = [await makeTenant(flow.pool), await makeTenant(flow.pool)];
    await fill(tenant, [{}, {}, {}]);
    await fill(other, [{}, {}, {}]);
    const { nextCursor } = await list(tenant, {}, 1);
    const cursor = nextCursor!;
    const refused = { code: 'cursor.invalid' };
    await expect(list(tenant, { provider: 'x' }, 1, cursor)).rejects.toMatchObject(refused);
    await expect(list(other, {}, 1, cursor)).rejects.toMatchObject(refused);
    await expect(list({ ...tenant, environment: 'live' }, {}, 1, cursor)).rejects.toMatchObject(refused);
    const changed = cursor.replace(/^./, (letter) => (letter === 'e' ? 'f' : 'e'));
    for (const damaged of [
      changed,
      cursor.slice(0, -1),
      `${cursor}=`,
      `${cursor}A`,
      'x',
      '.',
      `${Buffer.from('{}').toString('base64url')}.${'A'.repeat(43)}`,
    ]) {
      await expect(list(tenant, {}, 1, damaged)).rejects.toMatchObject(refused);
    }
    expect((await list(tenant, {}, 2, cursor)).items).toHaveLength(2);
  });
});

describe('another tenant', () => {
  it('sees nothing, in the other environment neither', async () => {
    const tenant = await makeTenant(flow.pool);
    await fill(tenant, [{}, {}]);
    expect((await list(await makeTenant(flow.pool))).items).toEqual([]);
    expect((await list({ ...tenant, environment: 'live' })).items).toEqual([]);
  });
});

describe('a tenant of many accounts', () => {
  interface Plan {
    'Node Type': string;
    'Index Name'?: string;
    'Actual Rows': number;
    'Actual Loops': number;
    Plans?: Plan[];
  }
  const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = await makeTenant(flow.pool);
    for (let batch = 0; batch < 6; batch += 1) {
      await fill(
        tenant,
        Array.from({ length: 2_000 }, (_, n) => ({
          handle: 'shop',
          age: batch * 2_000 + n,
          provider: n % 2 ? 'x' : 'tiktok',
          health: n % 10 ? 'active' : 'needs_reauth',
          ...(n % 2 && { dueIn: 60 - (n % 50) }),
          ...(n % 100 === 7 && { metadata: { ref: `Ňadel ${n % 3}` } }),
        })),
      );
    }
    await flow.pool.query('analyze accounts, grants');
  });

  /** The plan of the query that a call sends to the database. */
  async function planOf(filters: AccountFilters, sort?: AccountSort): Promise<Plan[]> {
    const first = await list(tenant, filters, 50, undefined, sort);
    let cursor = first.nextCursor!;
    for (let page = 0; page < 8; page += 1) cursor = (await list(tenant, filters, 100, cursor, sort)).nextCursor!;
    const query = jest.spyOn(flow.pool, 'query');
    await list(tenant, filters, 50, cursor, sort);
    const sent = query.mock.calls as unknown as [string, unknown[]][];
    query.mockRestore();
    expect(sent).toHaveLength(1);
    const [sql, values] = sent[0]!;
    const { rows } = await flow.pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, format json) ${sql}`,
      values,
    );
    return nodes(rows[0]!['QUERY PLAN'][0].Plan);
  }

  it('counts all that the filters match, and of a search ten thousand at the most', async () => {
    expect(await list(tenant, {}, 1)).toMatchObject({ total: 12_000, totalCapped: false });
    expect(await list(tenant, { health: 'needs_reauth' }, 1)).toMatchObject({ total: 1_200, totalCapped: false });
    expect(await list(tenant, { provider: 'tiktok', health: 'needs_reauth' }, 1)).toMatchObject({ total: 1_200 });
    expect(await list(tenant, { q: 'shop' }, 1)).toMatchObject({ total: 10_000, totalCapped: true });
    const soon = { reauthDueBefore: new Date(Date.now() + 90 * 86_400_000) };
    expect(await list(tenant, soon, 1)).toMatchObject({ total: 6_000, totalCapped: false });
  });

  it('finds what a rare search matches by the index of all accounts, newest first, in any case', async () => {
    const query = jest.spyOn(flow.pool, 'query');
    const walked = (await pages(tenant, 50, { q: 'ňADEL' })).flat();
    const sent = query.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes('"platformAccountId"'));
    query.mockRestore();
    expect(sent).toHaveLength(3);
    expect(sent.every((sql) => sql.includes('account_search'))).toBe(true);
    const { rows } = await flow.pool.query<{ id: string }>(
      `select id from accounts where workspace_id = $1 and metadata <> '{}' order by connected_at desc, id desc`,
      [tenant.workspaceId],
    );
    expect(rows).toHaveLength(120);
    expect(walked).toEqual(rows.map(({ id }) => id));
    expect(await list(tenant, { q: 'adel 1' }, 1)).toMatchObject({ total: 42, totalCapped: false });
    expect(await list(tenant, { q: 'ňadel', provider: 'x' }, 1)).toMatchObject({ total: 120 });
    expect(await list(tenant, { q: 'ňadel', provider: 'tiktok' }, 1)).toMatchObject({ total: 0, items: [] });
    expect(await list(tenant, { q: 'nadeln' }, 1)).toMatchObject({ total: 0, items: [], nextCursor: null });
  });

  it('reads of several filters the index of their cells, and no row of another one', async () => {
    const plan = await planOf({ provider: 'tiktok', health: 'needs_reauth' });
    const scans = plan.filter((node) => node['Index Name']?.startsWith('accounts_newest'));
    expect(scans.map((node) => node['Index Name'])).toEqual(['accounts_newest_of_cell']);
    expect(scans[0]!['Actual Rows']).toBe(51);
  });

  it.each([
    ['all', {}, /^accounts_newest$/, 'connected_at' as const],
    ['one platform', { provider: 'x' }, /^accounts_newest_of_provider$/, 'connected_at' as const],
    ['one health', { health: 'needs_reauth' as const }, /^accounts_newest_of_health$/, 'connected_at' as const],
    ['those to reauthorize', {}, /^accounts_by_reauth_due$/, 'reauth_due_at' as const],
  ])(
    'pays for a deep page of %s what it pays for the first: an index in order, and as many rows as it shows',
    async (_, filters, index, sort) => {
      const plan = await planOf(filters, sort);
      expect(plan.map((node) => node['Node Type'])).not.toContain('Sort');
      expect(plan.map((node) => node['Node Type'])).not.toContain('Seq Scan');
      const scan = plan.find((node) => index.test(node['Index Name'] ?? ''));
      expect(scan?.['Actual Rows']).toBe(51);
    },
  );
});
