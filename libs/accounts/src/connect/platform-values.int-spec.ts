import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { DueProbes } from '../probe/due-probes.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const ALL = 'tweet.read users.read tweet.write media.write offline.access';
const tokens = { access_token: 'the-access', refresh_token: 'the-refresh', expires_in: 7_200, scope: ALL };
const token = (body: object) => flow.fault({ endpoint: 'token', status: 200, body });
const identity = (json: string) => flow.fault({ endpoint: 'identity', status: 200, body: json });
const ADA = '{"data":{"id":"2244994945","username":"ada"}}';

/** A consent that the platform answers with these tokens and this person. */
async function connectWith(body: object, person = ADA): Promise<string> {
  await token(body);
  await identity(person);
  return flow.connect('x');
}

const person = (fields: object, id: string): string => `{"data":${JSON.stringify(fields).slice(0, -1)},"id":${id}}}`;

describe('the answer of a platform about a person', () => {
  it('is stored clean and bounded, whatever it was', async () => {
    const profile = {
      name: `N\u0000ul\u001b ${'😀'.repeat(5_000)}`,
      username: 'a\ud800da',
      profile_image_url: 'javascript:alert(1)',
    };
    const account = await flow.account(await connectWith(tokens, person(profile, '"2244994945"')));
    expect(account).toMatchObject({
      platformAccountId: '2244994945',
      handle: 'a\ufffdda',
      avatarUrl: null,
      health: 'active',
    });
    expect(account.displayName).toMatch(/^Nul (😀)+$/u);
    expect(account.displayName?.length).toBeLessThanOrEqual(255);
  });

  it('names two people apart whose numbers differ beyond 2^53', async () => {
    const one = await connectWith(tokens, person({ username: 'one' }, '9007199254740992'));
    const other = await connectWith(tokens, person({ username: 'other' }, '9007199254740993'));
    expect(one).not.toBe(other);
    const ids = [await flow.account(one), await flow.account(other)].map(({ platformAccountId }) => platformAccountId);
    expect(ids).toEqual(['9007199254740992', '9007199254740993']);
  });

  it.each([
    ['NUL in it', '"22\\u000044"'],
    ['a lone surrogate in it', '"22\\udfff"'],
    ['10,000 characters', `"${'9'.repeat(10_000)}"`],
  ])('connects no account under an id with %s: it is checked again, and nothing of it is stored', async (_what, id) => {
    await token(tokens);
    await identity(person({}, id));
    const { authorizeUrl } = await flow.start('x');
    expect(await flow.callback(await flow.decide(authorizeUrl))).toMatchObject({
      url: `${RETURN_URL}?oauth_error=provider_unavailable`,
    });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged', sealed: true, accountIds: [] }]);
    expect(await flow.many('select 1 from accounts where workspace_id = $1', [flow.tenant.workspaceId])).toEqual([]);
  });
});

describe('what a platform grants', () => {
  const missingOf = async (id: string) => {
    const { rows } = await flow.pool.query<{ missing: string[] }>(
      'select missing_scopes as missing from accounts where id = $1',
      [id],
    );
    return rows[0]?.missing;
  };

  it.each([
    ['a list', ALL.split(' ')],
    ['a text with commas', ALL.replaceAll(' ', ',')],
    ['nothing, which means what was requested', undefined],
    ['null, which means the same', null],
    ['10,000 scopes, the needed ones last', [...Array.from({ length: 10_000 }, (_, n) => `s${n}`), ...ALL.split(' ')]],
  ])('is all that an account needs where the answer holds %s', async (_what, scope) => {
    const id = await connectWith({ ...tokens, scope });
    expect([await missingOf(id), (await flow.account(id)).health]).toEqual([[], 'active']);
    const { scopes } = await flow.one<{ scopes: string[] }>('select scopes from grants where workspace_id = $1', [
      flow.tenant.workspaceId,
    ]);
    expect(scopes.length).toBeLessThanOrEqual(64);
  });

  it.each([
    ['an empty text', ''],
    ['an empty list', []],
    ['a list without a text', [{ scope: ALL }, [ALL], 1]],
    ['an object', { scope: ALL }],
    ['one scope as a list', ['tweet.read']],
  ])('is no more than its value where the answer holds %s', async (_what, scope) => {
    const id = await connectWith({ ...tokens, scope });
    expect(await missingOf(id)).toEqual(expect.arrayContaining(['tweet.write', 'offline.access']));
    expect(await flow.account(id)).toMatchObject({ health: 'missing_permissions', healthReason: 'scope_missing' });
  });
});

describe('a token that nothing renews', () => {
  const alone = { access_token: 'the-access', scope: ALL };

  it.each<[what: string, fields: object]>([
    ['0', { expires_in: 0 }],
    ['0 in a text', { expires_in: '0' }],
    ['a negative number', { expires_in: -1 }],
    ['null', { expires_in: null }],
    ['nothing', {}],
    ['words', { expires_in: 'never' }],
  ])('has no end where its answer names %s for one, and a probe finds the end', async (_what, fields) => {
    const id = await connectWith({ ...alone, ...fields });
    expect(await flow.account(id)).toMatchObject({ tokenExpiresAt: null, health: 'active' });
    await flow.pass(400 * 86_400);
    expect(await flow.exchange().refresh((await grantOf(flow, id)).id, { forced: true })).toMatchObject({
      kind: 'not_refreshable',
    });
    await identity(ADA);
    await flow.get(DueProbes).probe(id);
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
    for (const times of [1, 2]) {
      await flow.fault({ endpoint: 'identity', times: 1, status: 401, body: { title: 'Unauthorized' } });
      await flow.get(DueProbes).probe(id);
      if (times === 1) await flow.pass(61);
    }
    expect(await flow.account(id)).toMatchObject({ health: 'needs_reauth', healthReason: 'grant_revoked' });
    expect((await eventsOf(flow, id)).length).toBeLessThan(6);
  });

  it.each<[what: string, expiresIn: unknown, seconds: number]>([
    ['text', '7200', 7_200],
    ['fraction', 7_200.9, 7_200],
    ['life of 300 years', 9_467_280_000, 9_467_280_000],
  ])('ends at the time in its answer, as a %s too', async (_what, expiresIn, seconds) => {
    const id = await connectWith({ ...alone, expires_in: expiresIn });
    const { left } = await flow.one<{ left: number }>(
      'select extract(epoch from access_expires_at - db_now())::float8 as left from grants where workspace_id = $1',
      [flow.tenant.workspaceId],
    );
    expect(Math.abs(left - seconds)).toBeLessThan(60);
    expect((await flow.account(id)).tokenExpiresAt).not.toBeNull();
  });

  it('ends at the last moment that can be written where its answer names one beyond', async () => {
    const json = JSON.stringify({ ...alone, refresh_token: 'r', refresh_expires_in: 1e300 }).replace(
      '}',
      ',"expires_in":123456789012345678901234567890}',
    );
    await flow.fault({ endpoint: 'token', status: 200, body: json });
    await identity(ADA);
    const account = await flow.account(await flow.connect('x'));
    expect([account.tokenExpiresAt, account.refreshExpiresAt].map((end) => end?.toISOString())).toEqual(
      Array(2).fill('9999-12-31T23:59:59.000Z'),
    );
  });
});

describe('a token that is renewed', () => {
  it.each([0, null, -1, undefined])(
    "is renewed in the platform's usual time where its answer names %p for its end",
    async (expiresIn) => {
      const id = await connectWith({ ...tokens, expires_in: expiresIn });
      const { dueIn } = await grantOf(flow, id);
      expect(dueIn).toBeGreaterThan(7_200 * 0.7);
      expect(dueIn).toBeLessThan(7_200 * 0.9);
    },
  );
});
