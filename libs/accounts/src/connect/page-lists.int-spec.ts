import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { ProbeAccount } from '../probe/probe-account.js';
import { StartReauth } from './start-reauth.js';

const PAGES = 'facebook';
let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  await flow.app(PAGES);
});

interface Page {
  id: string;
  pageId: string;
  grantId: string;
  state: (string | null)[];
  due: boolean;
}

/** The tenant's Pages in the order of their ids at the platform; `due`: whether they are to be probed now. */
const pages = (): Promise<Page[]> =>
  flow.many(
    `select id, platform_account_id as "pageId", grant_id as "grantId", array[health, health_reason] as state, probe_due_at <= db_now() as due
     from accounts where workspace_id = $1 order by platform_account_id`,
    [flow.tenant.workspaceId],
  );
const states = async (): Promise<unknown[]> => (await pages()).map(({ state }) => state);
async function consent(persona: string): Promise<string> {
  const landing = await flow.come(await flow.decide((await flow.start(PAGES)).authorizeUrl, persona));
  return landing.kind === 'redirect' ? landing.url.slice(RETURN_URL.length) : landing.kind;
}
const refresh = (grantId: string) => flow.exchange().refresh(grantId, { forced: true });

describe('a Page', () => {
  it.each([
    ['an empty list', { data: [] }],
    ['a list that is cut off', { data: [], paging: { next: 'https://elsewhere.example/' } }],
    [
      'a list of something else',
      { data: [{ id: '4711', name: 'Another', access_token: 'EAAother', tasks: ['CREATE_CONTENT'] }] },
    ],
  ])('is not blamed for %s at a refresh: its own probe decides', async (_, body) => {
    await consent('many-pages');
    const all = await pages();
    await flow.pass(100);
    await flow.fault({ provider: PAGES, endpoint: 'profiles', status: 200, body });
    expect(await refresh(all[0]!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
    const isWhole = !('paging' in body);
    expect((await pages()).map(({ due }) => due)).toEqual([isWhole, isWhole]);
    for (const { id } of all) await flow.get(ProbeAccount).execute(id);
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });

  it('is not blamed for one list that names it without its token', async () => {
    await consent('happy');
    const [page] = await pages();
    await flow.pass(100);
    await flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      status: 200,
      body: { data: [{ id: page!.pageId, name: 'It' }] },
    });
    await refresh(page!.grantId);
    expect(await states()).toEqual([['active', null]]);
    await flow.pass(100);
    await flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      times: 2,
      status: 200,
      body: { data: [{ id: page!.pageId, name: 'It' }] },
    });
    await refresh(page!.grantId);
    expect(await states()).toEqual([['missing_permissions', 'task_missing']]);
  });

  it.each([
    [
      'is short',
      { data: [{ id: '4711', name: 'Another', access_token: 'EAAother', tasks: ['CREATE_CONTENT'] }] },
      [2_000],
    ],
    ['is cut off', { data: [], paging: { next: 'https://elsewhere.example/' } }, [2_000]],
  ])('is reauthorized although the first list after the consent %s', async (_, body, expected) => {
    await consent('happy');
    const [page] = await pages();
    const pauses: number[] = [];
    flow.pause = (milliseconds) => Promise.resolve(pauses.push(milliseconds));
    const started = await flow
      .get(StartReauth)
      .execute({ tenant: flow.tenant, createdBy: 'a key', id: page!.id, returnUrl: RETURN_URL });
    await flow.fault({ provider: PAGES, endpoint: 'profiles', status: 200, body });
    expect(await flow.come(await flow.decide(started.authorizeUrl))).toMatchObject({
      url: `${RETURN_URL}?connected=${PAGES}`,
    });
    expect(pauses).toEqual(expected);
  });

  it('is connected where the platform lists fewer at a time only, and the next page has no cursor', async () => {
    const body = {
      error: {
        message: "Please reduce the amount of data you're asking for, then retry your request",
        type: 'OAuthException',
        code: 1,
      },
    };
    await flow.fault({ provider: PAGES, endpoint: 'profiles', status: 500, body, times: 2 });
    await flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      status: 200,
      body: { data: [], paging: { next: 'https://graph.facebook.com/v25.0/me/accounts?limit=5' } },
    });
    expect(await consent('many-pages')).toBe('?connected=facebook');
    expect(await pages()).toHaveLength(2);
  });
});
