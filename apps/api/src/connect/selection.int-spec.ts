import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { turnClock } from '../../../../test/support/database.js';
import { ConnectedApi, type Started } from '../../../../test/support/connected-api.js';
import type { AttemptView } from './attempt.schema.js';

let connected: ConnectedApi;
let state: string;

const PAGES = [
  { platformAccountId: '1', handle: 'one', displayName: 'One', avatarUrl: null, eligible: true, reason: null },
  { platformAccountId: '2', handle: null, displayName: 'Two', avatarUrl: null, eligible: false, reason: 'role_lost' },
];

beforeAll(async () => {
  connected = await ConnectedApi.open();
});

afterAll(() => connected.close());

/** As the callback leaves an attempt whose consent opened two Pages. */
beforeEach(async () => {
  state = (await connected.get<Started>('/v1/oauth/x/start?selection=manual')).body.state;
  await connected.pool.query(
    `update connect_attempts set status = 'selection_required', candidates = $1
     where id = (select id from connect_attempts order by created_at desc, id desc limit 1)`,
    [JSON.stringify(PAGES)],
  );
});

const select = (body: object) => connected.post(`/v1/oauth/attempts/${state}/selection`, body);

describe('a start with selection=manual', () => {
  it('is stored with its attempt; without it all candidates become accounts', async () => {
    await connected.get('/v1/oauth/x/start');
    const { rows } = await connected.pool.query(
      'select selection from connect_attempts order by created_at desc, id desc limit 2',
    );
    expect(rows).toEqual([{ selection: 'all' }, { selection: 'manual' }]);
  });

  it('refuses any other value of selection', async () => {
    const { status, body } = await connected.get('/v1/oauth/x/start?selection=some');
    expect([status, body.errors]).toEqual([400, [{ field: 'selection', message: 'must be all or manual' }]]);
  });
});

describe('an attempt that waits for a selection', () => {
  it('shows its candidates, those that may not be selected with the reason', async () => {
    expect((await connected.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({
      status: 'selection_required',
      candidates: [
        {
          platform_account_id: '1',
          handle: 'one',
          display_name: 'One',
          avatar_url: null,
          eligible: true,
          reason: null,
        },
        {
          platform_account_id: '2',
          handle: null,
          display_name: 'Two',
          avatar_url: null,
          eligible: false,
          reason: 'role_lost',
        },
      ],
    });
  });

  it.each([
    ['platform_account_ids.0', { platform_account_ids: ['2'] }],
    ['platform_account_ids.1', { platform_account_ids: ['1', '3'] }],
    ['platform_account_ids', { platform_account_ids: [] }],
    ['platform_account_ids', {}],
    ['account_ids', { platform_account_ids: ['1'], account_ids: ['1'] }],
  ])('refuses a choice for its %s', async (field, body) => {
    const answer = await select(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation.failed', errors: [{ field }] } });
  });

  it('accepts a selection from its creator alone', async () => {
    const { api } = connected;
    const path = `/v1/oauth/attempts/${state}/selection`;
    const choice = { platform_account_ids: ['1'] };
    expect((await api.post(path, await api.key(), choice)).status).toBe(404);
    expect((await api.post(path, await api.key({ scopes: ['accounts:read'] }), choice)).status).toBe(403);
    expect((await connected.post('/v1/oauth/attempts/zz/selection', choice)).status).toBe(404);
  });

  it('accepts a selection for ten minutes', async () => {
    await turnClock(connected.pool, '11 minutes');
    expect(await select({ platform_account_ids: ['1'] })).toMatchObject({
      status: 409,
      body: { code: 'attempt.not_selectable' },
    });
    expect((await connected.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({
      status: 'failed',
      error: 'state_expired',
    });
    await turnClock(connected.pool, '0');
  });
});

describe('an attempt that does not wait for a selection', () => {
  it('refuses a selection with 409', async () => {
    const { body } = await connected.get<Started>('/v1/oauth/x/start');
    const answer = await connected.post(`/v1/oauth/attempts/${body.state}/selection`, { platform_account_ids: ['1'] });
    expect(answer).toMatchObject({ status: 409, body: { code: 'attempt.not_selectable' } });
  });
});

describe('a selection', () => {
  it('makes accounts of what was chosen and of nothing else, once', async () => {
    await connected.app('facebook');
    const started = await connected.get<Started>('/v1/oauth/facebook/start?selection=manual');
    const landing = await connected.consent(started.body.authorize_url, 'many-pages');
    expect(landing.searchParams.get('selection_required')).toBe('facebook');
    ({ state } = started.body);
    const { body } = await connected.get<AttemptView>(`/v1/oauth/attempts/${state}`);
    const [first, second] = body
      .candidates!.filter(({ eligible }) => eligible)
      .map(({ platform_account_id }) => platform_account_id);
    expect(second).toBeDefined();
    expect((await connected.get('/v1/accounts?provider=facebook')).body).toMatchObject({ total: 0 });

    const chosen = await connected.post<AttemptView>(`/v1/oauth/attempts/${state}/selection`, {
      platform_account_ids: [first],
    });
    expect(chosen).toMatchObject({
      status: 200,
      body: { state, status: 'completed', account_ids: [expect.stringMatching(/^acc_/)] },
    });
    const accounts = (await connected.get('/v1/accounts?provider=facebook')).body;
    expect(accounts).toMatchObject({
      total: 1,
      items: [{ id: chosen.body.account_ids[0], platform_account_id: first, health: 'active' }],
    });
    expect((await select({ platform_account_ids: [second] })).status).toBe(409);
  });
});
