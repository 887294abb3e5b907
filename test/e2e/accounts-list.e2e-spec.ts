import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { newId, publicId } from '#persistence';
import { type Account, Backend, type Reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface Page {
  items: Account[];
  next_cursor: string | null;
  total: number;
  total_capped?: true;
}

let backend: Backend;
/** Oldest first. */
let hanna: Account;
let paula: Account;
let pia: Account;
let gone: Account;
let project: string;

const uuidOf = (id: string): string => TypeID.fromString(id).toUUID();

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  await backend.app('x');
  await backend.app('tiktok');
  hanna = await backend.connect('x', 'happy');
  paula = await backend.connect('x', 'paula');
  pia = await backend.connect('tiktok', 'partial-consent');
  gone = await backend.connect('x', 'omar');
  await backend.delete(`/v1/accounts/${gone.id}`);
  await backend.patch(`/v1/accounts/${pia.id}`, { metadata: { team: 'North Star' } });
  project = await secondProject();
});

afterAll(() => disconnectAll());

async function secondProject(): Promise<string> {
  const id = newId();
  await backend.query(
    `insert into projects (id, workspace_id, environment, name)
     select $1, workspace_id, environment, 'second' from accounts where id = $2`,
    [id, uuidOf(hanna.id)],
  );
  return publicId('prj', id);
}

async function disconnectAll(): Promise<void> {
  for (const { id } of (await list('limit=100')).items) await backend.delete(`/v1/accounts/${id}`);
}

async function list(query = ''): Promise<Page> {
  const { status, body } = await backend.get(`/v1/accounts?${query}`);
  expect([status, (body as { detail?: string }).detail]).toEqual([200, undefined]);
  return body as Page;
}

const idsOf = async (query: string): Promise<string[]> => (await list(query)).items.map(({ id }) => id);
const refused = ({ status, body }: Reply): [number, string, string | undefined] => {
  const { code, errors } = body as { code: string; errors?: [{ field: string }] };
  return [status, code, errors?.[0].field];
};
const setReauthDue = (id: string, days: number): Promise<unknown> =>
  backend.query('update accounts set reauth_due_at = db_now() + make_interval(days => $2) where id = $1', [
    uuidOf(id),
    days,
  ]);

describe('GET /v1/accounts', () => {
  it('answers 200 with items, next_cursor and total, the newest account first', async () => {
    const page = await list();
    expect(page).toEqual({ items: expect.any(Array), next_cursor: null, total: 3 });
    expect(page.items.map(({ id }) => id)).toEqual([pia.id, paula.id, hanna.id]);
    expect(page.items[2]).toEqual(await backend.account(hanna.id));
  });

  it.each([
    ['provider=x', () => [paula, hanna]],
    ['platform=tiktok', () => [pia]],
    ['health=missing_permissions', () => [pia]],
    ['health=disconnected', () => [gone]],
    ['connection_type=oauth', () => [pia, paula, hanna]],
    ['connection_type=manual', () => []],
    ['q=PAULA', () => [paula]],
    ['q=anna_ha', () => [hanna]],
    ['q=a%20plain', () => [paula]],
    ['q=north', () => [pia]],
    ['q=%25', () => []],
    ['provider=x&q=a&connection_type=oauth', () => [paula, hanna]],
  ])('narrows items and total with %s', async (query, expected) => {
    const page = await list(query);
    expect(page.items.map(({ id }) => id)).toEqual(expected().map(({ id }) => id));
    expect(page.total).toBe(expected().length);
  });

  it('narrows the list with project_id', async () => {
    const [{ project_id: first }] = (await list()).items as [Account & { project_id: string }];
    expect(await idsOf(`project_id=${first}`)).toHaveLength(3);
    expect(await list(`project_id=${project}`)).toEqual({ items: [], next_cursor: null, total: 0 });
  });

  it('hides disconnected accounts unless health requests them', async () => {
    expect(await idsOf('')).not.toContain(gone.id);
    expect((await list('health=disconnected')).items).toMatchObject([{ id: gone.id, health: 'disconnected' }]);
  });

  it('has 50 accounts on a page without a limit, and at most 100', async () => {
    await copies(120);
    try {
      expect((await list()).items).toHaveLength(50);
      expect((await list('limit=100')).items).toHaveLength(100);
      expect((await list('limit=1')).items).toHaveLength(1);
    } finally {
      await removeCopies();
    }
  });

  it.each([
    ['limit=0', 'validation.failed', 'limit'],
    ['limit=101', 'validation.failed', 'limit'],
    ['limit=ten', 'validation.failed', 'limit'],
    ['q=', 'validation.failed', 'q'],
    [`q=${'a'.repeat(101)}`, 'validation.failed', 'q'],
    ['health=well', 'validation.failed', 'health'],
    ['connection_type=own', 'validation.failed', 'connection_type'],
    ['provider=myspace', 'validation.failed', 'provider'],
    ['sort=handle', 'validation.failed', 'sort'],
    ['reauth_due_before=tomorrow', 'validation.failed', 'reauth_due_before'],
    ['project_id=acc_01h455vb4pex5vsknk084sn02q', 'validation.failed', 'project_id'],
    ['order=asc', 'validation.failed', 'order'],
    ['cursor=broken', 'cursor.invalid', 'cursor'],
  ])('answers 400 to %s', async (query, code, field) => {
    expect(refused(await backend.get(`/v1/accounts?${query}`))).toEqual([400, code, field]);
  });

  it('accepts a q of 100 characters', async () => {
    expect(await list(`q=${'a'.repeat(100)}`)).toMatchObject({ items: [], total: 0 });
  });

  it('walks over the pages of a cursor without a loss or a repetition, and total stays that of the first page', async () => {
    const found: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Page = await list(`limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      expect(page.total).toBe(3);
      found.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(found).toEqual([pia.id, paula.id, hanna.id]);
  });

  it('answers 400 cursor.invalid to a cursor that is damaged, or of other filters, another order or another customer', async () => {
    const cursor = (await list('limit=1')).next_cursor!;
    const damaged = cursor.slice(0, -1) + (cursor.endsWith('A') ? 'B' : 'A');
    for (const query of [
      `limit=1&cursor=${damaged}`,
      `provider=x&cursor=${cursor}`,
      `q=a&cursor=${cursor}`,
      `sort=reauth_due_at&cursor=${cursor}`,
    ])
      expect(refused(await backend.get(`/v1/accounts?${query}`))).toEqual([400, 'cursor.invalid', 'cursor']);
    const other = await Backend.ofNewCustomer(session());
    expect(refused(await other.get(`/v1/accounts?limit=1&cursor=${cursor}`))[1]).toBe('cursor.invalid');
  });

  it('sorts by reauth_due_at, the next one first, without accounts that have none; reauth_due_before narrows it', async () => {
    await setReauthDue(hanna.id, 20);
    await setReauthDue(paula.id, 10);
    expect(await idsOf('sort=reauth_due_at')).toEqual([paula.id, hanna.id]);
    expect(await idsOf('sort=connected_at')).toEqual([pia.id, paula.id, hanna.id]);
    const { reauth_due_at: end } = (await backend.account(hanna.id)) as Account & { reauth_due_at: string };
    const before = await list(`sort=reauth_due_at&reauth_due_before=${encodeURIComponent(end)}`);
    expect([before.items.map(({ id }) => id), before.total]).toEqual([[paula.id], 1]);
    const first = await list('sort=reauth_due_at&limit=1');
    const next = await list(`sort=reauth_due_at&limit=1&cursor=${encodeURIComponent(first.next_cursor!)}`);
    expect(next.items.map(({ id }) => id)).toEqual([hanna.id]);
  });

  it('counts every committed row, and answers total_capped where a q or a reauth_due_before matches more than 10,000', async () => {
    await copies(10_001);
    try {
      expect(await list('limit=1')).toMatchObject({ total: 10_004 });
      expect(await list('limit=1')).not.toHaveProperty('total_capped');
      expect(await list('limit=1&q=copy')).toMatchObject({ total: 10_000, total_capped: true });
      await backend.query(`update accounts set reauth_due_at = db_now() where handle = 'copy-of-e2e'`);
      expect(await list('limit=1&reauth_due_before=2999-01-01T00:00:00Z')).toMatchObject({
        total: 10_000,
        total_capped: true,
      });
    } finally {
      await removeCopies();
    }
    expect(await list()).toMatchObject({ total: 3 });
  });
});

/** Rows of accounts that no person connected; nothing about them is ever due. */
const copies = (count: number): Promise<unknown> =>
  backend.query(
    `insert into accounts select copied.* from accounts one, generate_series(1, ${count}) n,
       lateral jsonb_populate_record(null::accounts, to_jsonb(one) || jsonb_build_object('id', gen_random_uuid(),
         'platform_account_id', 'copy-' || n, 'handle', 'copy-of-e2e', 'probe_due_at', null, 'reauth_due_at', null)) copied
       where one.id = '${uuidOf(hanna.id)}'`,
  );
const removeCopies = (): Promise<unknown> => backend.query(`delete from accounts where handle = 'copy-of-e2e'`);
