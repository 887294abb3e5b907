import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../support/connected-api.js';

let service: ConnectedApi;
let account: string;
/** Of the list of accounts without filters, a page of one. */
let cursor: string;

interface Page {
  next_cursor: string | null;
  code?: string;
  errors?: { field: string }[];
}

beforeAll(async () => {
  service = await ConnectedApi.open();
  account = await service.connect('x');
  await service.connect('tiktok');
  cursor = (await service.get<Page>('/v1/accounts?limit=1')).body.next_cursor!;
});
afterAll(() => service.close());

const list = async (query: string, as = service.key, path = '/v1/accounts'): Promise<[number, Page]> => {
  const response = await service.api.call(`${path}?${query}`, { as });
  return [response.status, (await response.json()) as Page];
};
const REFUSED = [
  400,
  expect.objectContaining({ code: 'cursor.invalid', errors: [expect.objectContaining({ field: 'cursor' })] }),
];

describe('a cursor', () => {
  it('leads to the next page where its list is the same', async () => {
    expect((await list(`limit=1&cursor=${cursor}`))[0]).toBe(200);
  });

  it('is refused with any of its characters changed, cut or added', async () => {
    const changed = cursor
      .split('')
      .map((character, at) => cursor.slice(0, at) + (character === 'A' ? 'B' : 'A') + cursor.slice(at + 1));
    const others = [
      cursor.slice(1),
      cursor.slice(0, -1),
      `${cursor}A`,
      `${cursor}=`,
      cursor.toUpperCase(),
      cursor + cursor,
      'A',
      '..',
    ];
    for (const one of [...changed, ...others])
      expect([one, ...(await list(`cursor=${one}`))]).toEqual([one, ...REFUSED]);
  });

  it.each([
    'provider=x',
    'health=active',
    'connection_type=oauth',
    'q=a',
    'sort=reauth_due_at',
    'reauth_due_before=2030-01-01T00:00:00Z',
  ])('is refused with other filters: %s', async (filter) => {
    expect(await list(`${filter}&cursor=${cursor}`)).toEqual(REFUSED);
  });

  it('is refused to another tenant, in the other environment and in another list', async () => {
    const stranger = await service.api.key({ workspace: 'stranger' });
    const live = await service.api.key({ environment: 'live' });
    expect(await list(`cursor=${cursor}`, stranger)).toEqual(REFUSED);
    expect(await list(`cursor=${cursor}`, live)).toEqual(REFUSED);
    expect(await list(`cursor=${cursor}`, service.key, `/v1/accounts/${account}/events`)).toEqual(REFUSED);
  });
});
