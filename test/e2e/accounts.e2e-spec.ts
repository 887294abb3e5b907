import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { newId, publicId } from '#persistence';
import { type Account, Backend, type Reply, until } from '../support/backend.js';
import { session } from '../support/service.js';

type WholeAccount = Account & { handle: string; metadata: Record<string, string>; project_id: string };
interface Event {
  id: string;
  type: string;
  created_at: string;
  environment: string;
  account_id: string;
  sequence: number;
  data: Record<string, unknown>;
  event_type: string;
  timestamp: string;
}

const ID = 'acc_01h455vb4pex5vsknk084sn02q';
let backend: Backend;
let xApp: string;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  xApp = await backend.app('x');
  await backend.app('facebook');
});

afterAll(async () => {
  const { items } = (await backend.get('/v1/accounts?limit=100')).body as { items: Account[] };
  for (const { id } of items) await backend.delete(`/v1/accounts/${id}`);
});

const refused = ({ status, body }: Reply): [number, string] => [status, (body as { code: string }).code];
const uuidOf = (id: string): string => TypeID.fromString(id).toUUID();
const read = async (id: string): Promise<WholeAccount> => (await backend.account(id)) as WholeAccount;
const eventsOf = async (id: string, query = ''): Promise<{ items: Event[]; next_cursor: string | null }> =>
  (await backend.get(`/v1/accounts/${id}/events${query}`)).body as { items: Event[]; next_cursor: string | null };
const latest = async (): Promise<number> => (await backend.calls()).at(-1)?.seq ?? 0;

describe('GET /v1/accounts/{id}', () => {
  it('answers 200 with the account, as the list has it, a disconnected one too', async () => {
    const { id } = await backend.connect('x', 'happy');
    const { status, body } = await backend.get(`/v1/accounts/${id}`);
    const { items } = (await backend.get('/v1/accounts')).body as { items: Account[] };
    expect([status, body]).toEqual([200, items.find((account) => account.id === id)]);
    await backend.delete(`/v1/accounts/${id}`);
    expect(await backend.get(`/v1/accounts/${id}`)).toMatchObject({
      status: 200,
      body: { id, health: 'disconnected' },
    });
  });

  it.each([ID, 'nothing', 'oa_01h455vb4pex5vsknk084sn02q'])(
    'answers 404 account.not_found to the id %s',
    async (id) => {
      expect(refused(await backend.get(`/v1/accounts/${id}`))).toEqual([404, 'account.not_found']);
    },
  );
});

describe('PATCH /v1/accounts/{id}', () => {
  let account: WholeAccount;
  let project: string;
  const patch = (body: object): Promise<Reply> => backend.patch(`/v1/accounts/${account.id}`, body);

  beforeAll(async () => {
    account = (await backend.connect('x', 'paula')) as WholeAccount;
    const id = newId();
    await backend.query(
      `insert into projects (id, workspace_id, environment, name)
       select $1, workspace_id, environment, 'another' from accounts where id = $2`,
      [id, uuidOf(account.id)],
    );
    project = publicId('prj', id);
  });

  it('stores handle, answers 200 with the account, and changes nothing else', async () => {
    const changed = await patch({ handle: 'another_handle' });
    expect(changed).toMatchObject({ status: 200, body: { ...account, handle: 'another_handle' } });
    expect(await read(account.id)).toEqual({ ...account, handle: 'another_handle' });
  });

  it('merges metadata, and null removes a key', async () => {
    await patch({ metadata: { team: 'north', seat: '4' } });
    const { body } = await patch({ metadata: { team: 'south', seat: null } });
    expect(body).toMatchObject({ metadata: { team: 'south' } });
    expect((await read(account.id)).metadata).toEqual({ team: 'south' });
  });

  it('moves the account with project_id, and answers 409 where the same profile is connected already', async () => {
    expect((await patch({ project_id: project })).body).toMatchObject({ id: account.id, project_id: project });
    const second = (await backend.connect('x', 'paula')) as WholeAccount;
    expect([second.id === account.id, second.project_id]).toEqual([false, account.project_id]);
    expect(refused(await patch({ project_id: account.project_id }))).toEqual([409, 'account.connected_there']);
    expect((await read(account.id)).project_id).toBe(project);
  });

  it.each([
    [{ handle: '' }, 'validation.failed'],
    [{ handle: null }, 'validation.failed'],
    [{ metadata: { team: 4 } }, 'validation.failed'],
    [{ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`key-${n}`, 'x'])) }, 'validation.failed'],
    [{ health: 'active' }, 'validation.failed'],
    [{ project_id: 'prj_01h455vb4pex5vsknk084sn02q' }, 'project.not_found'],
  ])('answers 400 to %j, and stores nothing', async (body, code) => {
    const before = await read(account.id);
    expect(refused(await patch(body))).toEqual([400, code]);
    expect(await read(account.id)).toEqual(before);
  });

  it('answers 404 for an unknown account and for a disconnected one', async () => {
    const { id } = await backend.connect('x', 'omar');
    await backend.delete(`/v1/accounts/${id}`);
    for (const one of [id, ID])
      expect(refused(await backend.patch(`/v1/accounts/${one}`, { handle: 'x' }))).toEqual([404, 'account.not_found']);
  });
});

describe('DELETE /v1/accounts/{id}', () => {
  it('answers 204, destroys the tokens, writes account.disconnected, and revokes at the platform', async () => {
    const since = await latest();
    const { id } = await backend.connect('x', 'mei');
    const { status, body } = await backend.delete(`/v1/accounts/${id}`);
    expect([status, body]).toEqual([204, '']);
    const tokens = await backend.query(
      'select 1 from grant_tokens join accounts on accounts.grant_id = grant_tokens.grant_id where accounts.id = $1',
      [uuidOf(id)],
    );
    expect(tokens).toEqual([]);
    expect((await eventsOf(id)).items[0]).toMatchObject({ type: 'account.disconnected', account_id: id });
    expect(await read(id)).toMatchObject({ health: 'disconnected', health_reason: null, next_refresh_at: null });
    const revoked = await until(
      () => backend.calls(`provider=x&endpoint=revoke&since=${since}`),
      (calls) => calls.some(({ persona }) => persona === 'mei'),
    );
    expect(revoked).toContainEqual(expect.objectContaining({ persona: 'mei', outcome: 'ok' }));
  });

  it('answers 404 the second time, for an unknown id and to another customer', async () => {
    const { id } = await backend.connect('x', 'mei');
    const other = await Backend.ofNewCustomer(session());
    expect(refused(await other.delete(`/v1/accounts/${id}`))).toEqual([404, 'account.not_found']);
    expect((await backend.delete(`/v1/accounts/${id}`)).status).toBe(204);
    for (const one of [id, ID]) expect(refused(await backend.delete(`/v1/accounts/${one}`))[0]).toBe(404);
  });

  it('destroys only its own token and revokes nothing where another account has the same grant', async () => {
    const since = await latest();
    await backend.connect('facebook', 'many-pages');
    const { items } = (await backend.get('/v1/accounts?provider=facebook')).body as { items: Account[] };
    const [first, second] = items as [Account, Account];
    expect((await backend.delete(`/v1/accounts/${first.id}`)).status).toBe(204);
    const tokens = await backend.query('select account_id from account_tokens where account_id = any($1)', [
      [uuidOf(first.id), uuidOf(second.id)],
    ]);
    expect(tokens).toEqual([{ account_id: uuidOf(second.id) }]);
    expect(await backend.post(`/v1/accounts/${second.id}/probe`)).toMatchObject({
      status: 200,
      body: { health: 'active', probe: { state: 'ok' } },
    });
    expect(await backend.calls(`provider=facebook&endpoint=revoke&since=${since}`)).toEqual([]);

    expect((await backend.delete(`/v1/accounts/${second.id}`)).status).toBe(204);
    const revoked = await until(
      () => backend.calls(`provider=facebook&endpoint=revoke&since=${since}`),
      (calls) => calls.length > 0,
    );
    expect(revoked).toMatchObject([{ persona: 'many-pages', outcome: 'ok' }]);
  });
});

describe('GET /v1/accounts/{id}/events', () => {
  let id: string;
  beforeAll(async () => {
    const { authorize_url } = await backend.start('x', `?user_ref=user-7&oauth_app_id=${xApp}`);
    await backend.request('GET', (await backend.decide(authorize_url, 'happy')).slice(session().apiUrl.length));
    const { items } = (await backend.get('/v1/accounts?q=user-7')).body as { items: [Account] };
    id = items[0].id;
    await backend.delete(`/v1/accounts/${id}`);
  });

  it('answers the body of 3.7, newest first, with type and created_at under their second names', async () => {
    const { items, next_cursor } = await eventsOf(id);
    expect(next_cursor).toBeNull();
    expect(items.map(({ type }) => type)).toEqual(['account.disconnected', 'account.connected']);
    for (const event of items) {
      expect(Object.keys(event).sort()).toEqual(
        [
          ...['id', 'type', 'created_at', 'environment', 'account_id', 'sequence', 'data'],
          ...['event_type', 'timestamp'],
        ].sort(),
      );
      expect(event).toMatchObject({ environment: 'test', account_id: id, event_type: event.type });
      expect(event.timestamp).toBe(event.created_at);
      expect(event.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(event.id).toMatch(/^evt_[0-9a-z]{26}$/);
    }
  });

  it('numbers the events of an account by one, and records each change once', async () => {
    const { items } = await eventsOf(id);
    expect(items.map(({ sequence }) => sequence)).toEqual([2, 1]);
    expect(new Set(items.map((event) => event.id)).size).toBe(2);
    const outbox = await backend.query('select id::text, type, sequence::int from outbox where account_id = $1', [
      uuidOf(id),
    ]);
    expect(outbox).toHaveLength(2);
    expect(outbox).toContainEqual({ id: uuidOf(items[0]!.id), type: 'account.disconnected', sequence: 2 });
  });

  it('brings back the user_ref of the start', async () => {
    expect((await eventsOf(id)).items[1]!.data).toMatchObject({ user_ref: 'user-7' });
  });

  it('has pages by limit and cursor, and answers 400 to a cursor of another account', async () => {
    const first = await eventsOf(id, '?limit=1');
    expect(first.items).toMatchObject([{ sequence: 2 }]);
    const second = await eventsOf(id, `?limit=1&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ items: [{ sequence: 1 }], next_cursor: null });
    const another = await backend.connect('x', 'omar');
    expect(refused(await backend.get(`/v1/accounts/${another.id}/events?cursor=${first.next_cursor}`))).toEqual([
      400,
      'cursor.invalid',
    ]);
    expect(refused(await backend.get(`/v1/accounts/${id}/events?limit=101`))).toEqual([400, 'validation.failed']);
    expect(refused(await backend.get(`/v1/accounts/${ID}/events`))).toEqual([404, 'account.not_found']);
  });
});
