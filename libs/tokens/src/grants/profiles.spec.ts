import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, Secret } from '#observability';
import type { PlatformAnswer, PlatformRequest } from '#providers';
import type { PlatformClient } from '../platform-client.js';
import { listProfiles } from './profiles.js';

const GRAPH = 'https://graph.facebook.com/v25.0/me/accounts';
const page = (id: string) => ({ id, name: id, access_token: `EAA${id}`, tasks: ['CREATE_CONTENT'] });
const found = (data: object[], paging?: object): PlatformAnswer => ({
  status: 200,
  headers: {},
  body: Buffer.from(JSON.stringify({ data, paging })),
});
const failed = (message: string): PlatformAnswer => ({
  status: 500,
  headers: {},
  body: Buffer.from(JSON.stringify({ error: { code: 1, message } })),
});
const TOO_MUCH = failed("Please reduce the amount of data you're asking for, then retry your request");
const BROKEN = failed('An unknown error occurred');

/** Lists against a platform that gives these answers, the last one again and again; with the requests. */
async function walk(...answers: PlatformAnswer[]) {
  const requests: URLSearchParams[] = [];
  const send = (request: PlatformRequest): Promise<PlatformAnswer> => {
    requests.push(new URL(request.reveal().url).searchParams);
    return Promise.resolve(answers.length > 1 ? answers.shift()! : answers[0]!);
  };
  const client = { send } as unknown as PlatformClient;
  let incomplete = 0;
  const countIncompleteList = (): void => {
    incomplete += 1;
  };
  const context = { client, logger: createLogger({ app: 'test', level: 'silent' }), countIncompleteList };
  const listed = await listProfiles(context, { provider: 'facebook', environment: 'live' }, new Secret('EAAtoken'));
  const { ok, list } = listed!;
  const eligible = list.profiles.flatMap(({ platformAccountId: id, ineligible }) => (ineligible === null ? id : []));
  return {
    ok,
    eligible,
    isWhole: list.isWhole,
    hasEnd: list.hasEnd,
    ids: list.profiles.map(({ platformAccountId }) => platformAccountId),
    requests,
    incomplete,
  };
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the walk along a list of profiles', () => {
  it('follows an address of a next page that comes without a cursor, to the end', async () => {
    const {
      requests,
      eligible: _eligible,
      ...list
    } = await walk(found([page('1')], { next: `${GRAPH}?offset=100&access_token=EAAtoken` }), found([page('2')]));
    expect(list).toEqual({ ok: true, isWhole: true, hasEnd: true, ids: ['1', '2'], incomplete: 0 });
    expect([requests[1]?.get('offset'), requests[1]?.has('access_token')]).toEqual(['100', false]);
  });

  it('names a profile once that stands on two pages', async () => {
    expect(await walk(found([page('1')], { next: `${GRAPH}?after=a` }), found([page('1'), page('2')]))).toMatchObject({
      ids: ['1', '2'],
    });
  });

  it.each([
    ['first', [page('1'), { ...page('1'), access_token: undefined }]],
    ['last', [{ ...page('1'), tasks: ['ANALYZE'] }, page('1')]],
  ])('counts the entry with the right to publish where a profile is listed twice and it comes %s', async (_, pages) => {
    expect(await walk(found(pages))).toMatchObject({ ids: ['1'], eligible: ['1'], isWhole: true });
  });

  it.each([
    ['leads to another host', [found([page('1')], { next: 'https://evil.example/' })], 1],
    ['leads back to itself', [found([page('1')], { next: `${GRAPH}?after=a` })], 2],
    ['has no end', Array.from({ length: 200 }, (_, n) => found([page('1')], { next: `${GRAPH}?after=${n}` })), 100],
  ])('is not whole where it %s', async (_, answers, calls) => {
    const { requests, eligible: _eligible, ...list } = await walk(...answers);
    expect([list, requests.length]).toEqual([
      { ok: true, isWhole: false, hasEnd: false, ids: ['1'], incomplete: 1 },
      calls,
    ]);
  });

  it('is not complete if it is interrupted, and contains the profiles before', async () => {
    expect(await walk(found([page('1')], { next: `${GRAPH}?after=a` }), BROKEN)).toMatchObject({
      ok: false,
      isWhole: false,
      ids: ['1'],
    });
  });

  it.each([
    ['is empty', ''],
    ['is missing', undefined],
    ['is no number of a Page', 0],
    ['is negative', -5],
    ['holds a control character', '3\u0000'],
    ['is too long', '3'.repeat(256)],
  ])('leaves out an entry whose id %s, reaches the end, and is not whole', async (_, id) => {
    const broken = { ...page('1'), id };
    expect(await walk(found([page('1'), broken], { next: `${GRAPH}?after=a` }), found([page('2')]))).toMatchObject({
      ...{ ok: true, ids: ['1', '2'] },
      ...{ isWhole: false, hasEnd: true, incomplete: 1 },
    });
  });

  it('requests fewer where the platform refuses the number, at the same place, and continues with that number', async () => {
    const {
      requests,
      eligible: _eligible,
      ...list
    } = await walk(TOO_MUCH, found([page('1')], { next: `${GRAPH}?after=a` }), TOO_MUCH, found([page('2')]));
    expect(list).toEqual({ ok: true, isWhole: true, hasEnd: true, ids: ['1', '2'], incomplete: 0 });
    expect(requests.map((query) => [query.get('limit'), query.get('after')])).toEqual([
      ['100', null],
      ['25', null],
      ['25', 'a'],
      ['5', 'a'],
    ]);
  });

  it('ends as a failure of the platform where five are too much', async () => {
    const { requests, eligible: _eligible, ...list } = await walk(TOO_MUCH);
    expect([list, requests.length]).toEqual([{ ok: false, isWhole: false, hasEnd: false, ids: [], incomplete: 1 }, 3]);
  });

  it('continues with fewer where the refusal is an unknown error, and ends as that failure where five fail too', async () => {
    expect(await walk(BROKEN, found([page('1')]))).toMatchObject({ ok: true, isWhole: true, ids: ['1'] });
    const { requests, ok } = await walk(BROKEN);
    expect([ok, requests.map((query) => query.get('limit'))]).toEqual([false, ['100', '25', '5']]);
  });

  it('leaves out an entry that is no object, reaches the end, and is not whole', async () => {
    const entries = [page('1'), null, 7] as unknown as object[];
    expect(await walk(found(entries))).toMatchObject({ ok: true, ids: ['1'], isWhole: false, hasEnd: true });
  });

  it('is not whole where the platform is so slow that 45 seconds pass before its end', async () => {
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => (now += 10_000));
    const answers = Array.from({ length: 50 }, (_, n) => found([page('1')], { next: `${GRAPH}?after=${n}` }));
    const { requests, isWhole } = await walk(...answers);
    expect([isWhole, requests.length]).toEqual([false, 4]);
  });
});
