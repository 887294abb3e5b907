import { beforeAll, describe, expect, it } from '@jest/globals';
import { newId, publicId } from '#persistence';
import { Backend, type Reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface Event {
  id: string;
  type: string;
  account_id: string | null;
  sequence: number | null;
}
interface Page {
  items: Event[];
  next_cursor: string | null;
}

let backend: Backend;
let other: Backend;
beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  other = await Backend.ofNewCustomer(session());
  await backend.app('x');
});

const refused = ({ status, body }: Reply): [number, string] => [status, (body as { code: string }).code];
const page = async (query = ''): Promise<Page> => (await backend.get(`/v1/events${query}`)).body as Page;

describe('GET /v1/events', () => {
  const ids: string[] = [];
  beforeAll(async () => {
    for (const persona of ['happy', 'paula']) {
      const { id } = await backend.connect('x', persona);
      ids.push(id);
    }
    for (const id of ids) await backend.delete(`/v1/accounts/${id}`);
  });

  it('answers 200 with the events of all accounts, the oldest first, in pages that follow each other', async () => {
    const first = await page('?limit=3');
    expect(first.items).toHaveLength(3);
    expect(first.next_cursor).toBe(first.items.at(-1)!.id);
    const rest = await page(`?after=${first.next_cursor}`);
    expect(rest.next_cursor).toBeNull();
    expect([...first.items, ...rest.items]).toMatchObject([
      { type: 'account.connected', account_id: ids[0], sequence: 1 },
      { type: 'account.connected', account_id: ids[1], sequence: 1 },
      { type: 'account.disconnected', account_id: ids[0], sequence: 2 },
      { type: 'account.disconnected', account_id: ids[1], sequence: 2 },
    ]);
    expect(await page(`?after=${rest.items.at(-1)!.id}`)).toEqual({ items: [], next_cursor: null });
  });

  it('has the events that the lists of the accounts have, with the same members', async () => {
    const { items } = await page(`?account_id=${ids[0]}`);
    const list = (await backend.get(`/v1/accounts/${ids[0]}/events`)).body as Page;
    expect(items).toEqual(list.items.toReversed());
  });

  it('has the types that are named', async () => {
    const { items } = await page('?types=account.disconnected,connection.revoked');
    expect(items.map(({ type }) => type)).toEqual(['account.disconnected', 'account.disconnected']);
  });

  it('has an event that concerns no account, such as a refused consent', async () => {
    const { authorize_url } = await backend.start('x');
    await backend.request('GET', (await backend.decide(authorize_url, 'wrong-secret')).slice(session().apiUrl.length));
    const { items } = await page('?types=oauth_attempt.failed');
    expect(items).toMatchObject([{ account_id: null, sequence: null, data: { error: expect.any(String) } }]);
  });

  it('has nothing of another workspace', async () => {
    expect((await other.get('/v1/events')).body).toEqual({ items: [], next_cursor: null });
    const [{ id } = { id: '' }] = (await page('?limit=1')).items;
    expect(refused(await other.get(`/v1/events?after=${id}`))).toEqual([410, 'event.gone']);
  });

  it('answers 410 event.gone to an event that is not kept, with the oldest that is', async () => {
    const reply = await backend.get(`/v1/events?after=${publicId('evt', newId())}`);
    expect(refused(reply)).toEqual([410, 'event.gone']);
    expect((reply.body as { oldest_event_id: string }).oldest_event_id).toBe((await page('?limit=1')).items[0]!.id);
  });

  it('answers 404 account.not_found to an unknown account', async () => {
    expect(refused(await backend.get('/v1/events?account_id=acc_01h455vb4pex5vsknk084sn02q'))).toEqual([
      404,
      'account.not_found',
    ]);
  });

  it.each([
    ['after', 'after=acc_01h455vb4pex5vsknk084sn02q'],
    ['after', 'after=evt_1'],
    ['types', 'types=account.exploded'],
    ['types', 'types='],
    ['types', 'types=account.connected,,connection.revoked'],
    ['account_id', 'account_id=evt_01h455vb4pex5vsknk084sn02q'],
    ['limit', 'limit=0'],
    ['limit', 'limit=101'],
    ['type', 'type=account.connected'],
  ])('answers 400 with the field %s to ?%s', async (field, query) => {
    const reply = await backend.get(`/v1/events?${query}`);
    expect(refused(reply)).toEqual([400, 'validation.failed']);
    expect((reply.body as { errors: { field: string }[] }).errors[0]!.field).toMatch(new RegExp(`^${field}(\\.|$)`));
  });
});
