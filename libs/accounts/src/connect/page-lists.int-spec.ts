import { describe, expect, it } from '@jest/globals';
import { RETURN_URL } from '../../../../test/support/flow.js';
import { PAGES, PagesTenant } from '../../../../test/support/pages.js';
import { attemptsOf } from '../../../../test/support/flow-rows.js';
import { StartReauth } from './start-reauth.js';
import { SweepAttempts } from './sweep-attempts.js';

const tenant = PagesTenant.forEachTest();

describe('a Page', () => {
  it.each([
    ['an empty list', { data: [] }],
    ['a list that is cut off', { data: [], paging: { next: 'https://elsewhere.example/' } }],
    [
      'a list of something else',
      { data: [{ id: '4711', name: 'Another', access_token: 'EAAother', tasks: ['CREATE_CONTENT'] }] },
    ],
  ])('does not change because of %s at a refresh: its own probe decides', async (_, body) => {
    await tenant.consent('many-pages');
    const all = await tenant.pages();
    await tenant.flow.pass(100);
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', status: 200, body });
    expect(await tenant.refresh(all[0]!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
    const isWhole = !('paging' in body);
    expect(await tenant.due()).toEqual(isWhole ? all.map(({ id }) => id) : []);
    await tenant.probe(...all);
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });

  it('does not change because of one list that names it without its token', async () => {
    await tenant.consent('happy');
    const [page] = await tenant.pages();
    await tenant.flow.pass(100);
    await tenant.flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      status: 200,
      body: { data: [{ id: page!.pageId, name: 'It' }] },
    });
    await tenant.refresh(page!.grantId);
    expect(await tenant.states()).toEqual([['active', null]]);
    await tenant.flow.pass(100);
    await tenant.flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      times: 2,
      status: 200,
      body: { data: [{ id: page!.pageId, name: 'It' }] },
    });
    await tenant.refresh(page!.grantId);
    expect(await tenant.states()).toEqual([['missing_permissions', 'task_missing']]);
  });

  it.each([
    [
      'is short',
      { data: [{ id: '4711', name: 'Another', access_token: 'EAAother', tasks: ['CREATE_CONTENT'] }] },
      [2_000],
    ],
    ['is cut off', { data: [], paging: { next: 'https://elsewhere.example/' } }, [2_000]],
  ])('is reauthorized although the first list after the consent %s', async (_, body, expected) => {
    await tenant.consent('happy');
    const [page] = await tenant.pages();
    const pauses: number[] = [];
    tenant.flow.pause = (milliseconds) => Promise.resolve(pauses.push(milliseconds));
    const started = await tenant.flow
      .get(StartReauth)
      .execute({ tenant: tenant.flow.tenant, createdBy: 'a key', id: page!.id, returnUrl: RETURN_URL });
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', status: 200, body });
    expect(await tenant.flow.callback(await tenant.flow.decide(started.authorizeUrl))).toMatchObject({
      url: `${RETURN_URL}?connected=${PAGES}`,
    });
    expect(pauses).toEqual(expected);
  });

  it.each(['', 0, -5, 'p'.repeat(256)])(
    'is left out of a consent where its id cannot be used (%j), and the others are connected at once',
    async (id) => {
      const [broken, good] = ['Broken', 'Good'].map((name) => ({
        name,
        access_token: 'EAAx',
        tasks: ['CREATE_CONTENT'],
      }));
      const body = {
        data: [
          { ...broken, id },
          { ...good, id: '4711' },
        ],
      };
      await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', status: 200, body });
      expect(await tenant.consent('happy')).toBe('?connected=facebook');
      expect((await tenant.pages()).map(({ pageId }) => pageId)).toEqual(['4711']);
    },
  );

  it('ends the attempt at its second check, not after an hour, where it is alone in a list and its id cannot be used', async () => {
    const body = { data: [{ id: '', name: 'Broken', access_token: 'EAAx', tasks: ['CREATE_CONTENT'] }] };
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', status: 200, body, times: 2 });
    expect(await tenant.consent('happy')).toBe('?oauth_error=no_eligible_account');
  });

  it('keeps its health, and no probe becomes due, where a refresh lists an entry without a usable id', async () => {
    await tenant.consent('many-pages');
    const all = await tenant.pages();
    await tenant.flow.pass(100);
    await tenant.flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      status: 200,
      body: { data: [{ id: '', name: 'It' }] },
    });
    expect(await tenant.refresh(all[0]!.grantId)).toEqual({ kind: 'refreshed' });
    expect([await tenant.states(), await tenant.due()]).toEqual([
      [
        ['active', null],
        ['active', null],
      ],
      [],
    ]);
  });

  it('is not reported as missing where no list came to its end', async () => {
    await tenant.consent('happy');
    const [page] = await tenant.pages();
    const started = await tenant.flow
      .get(StartReauth)
      .execute({ tenant: tenant.flow.tenant, createdBy: 'a key', id: page!.id, returnUrl: RETURN_URL });
    const body = { data: [], paging: { next: 'https://elsewhere.example/' } };
    await tenant.flow.knobs(PAGES, { access_ttl_seconds: 10_000 });
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', times: 50, status: 200, body });
    expect(await tenant.flow.callback(await tenant.flow.decide(started.authorizeUrl))).toMatchObject({
      url: `${RETURN_URL}?oauth_error=provider_unavailable`,
    });
    await tenant.flow.pass(3_700);
    await tenant.flow.get(SweepAttempts).execute();
    expect((await attemptsOf(tenant.flow)).at(-1)).toMatchObject({ status: 'failed', error: 'provider_unavailable' });
  });

  it('is connected where the platform lists fewer at a time only, and the next page has no cursor', async () => {
    const body = {
      error: {
        message: "Please reduce the amount of data you're asking for, then retry your request",
        type: 'OAuthException',
        code: 1,
      },
    };
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', status: 500, body, times: 2 });
    await tenant.flow.fault({
      provider: PAGES,
      endpoint: 'profiles',
      status: 200,
      body: { data: [], paging: { next: 'https://graph.facebook.com/v25.0/me/accounts?limit=5' } },
    });
    expect(await tenant.consent('many-pages')).toBe('?connected=facebook');
    expect(await tenant.pages()).toHaveLength(2);
  });
});
