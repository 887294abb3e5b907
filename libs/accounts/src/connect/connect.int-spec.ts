import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { Vault } from '#tokens';
import { CLIENT_SECRET, Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, dump, eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { makeProject } from '../../../../test/support/rows.js';
import { ReadAttempt } from './read-attempt.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const tokensOf = async (accountId: string) => {
  const { id } = await grantOf(flow, accountId);
  const tokens = await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id });
  return { access: tokens!.access.reveal(), refresh: tokens!.refresh!.reveal() };
};
const accountsOf = () => flow.many('select id from accounts where workspace_id = $1', [flow.tenant.workspaceId]);

describe('connecting', () => {
  it.each([
    ['x', 'hanna_happy', 'offline.access'],
    ['tiktok', 'hanna_happy', 'video.publish'],
  ])(
    'makes an active account at %s for the person who consented, and redirects the browser',
    async (provider, handle, scope) => {
      const started = await flow.start(provider, { userRef: 'user 7' });
      const landing = await flow.callback(await flow.decide(started.authorizeUrl));
      expect(landing).toEqual({ kind: 'redirect', url: `${RETURN_URL}?connected=${provider}` });

      const [attempt] = await attemptsOf(flow);
      expect(attempt).toMatchObject({ status: 'completed', error: null, spent: true, sealed: false });
      const id = attempt!.accountIds[0]!;
      const account = await flow.account(id);
      expect(account).toMatchObject({
        provider,
        handle,
        health: 'active',
        healthReason: null,
        connectionType: 'oauth',
        metadata: { user_ref: 'user 7' },
      });
      expect(account.scopes).toContain(scope);
      expect(account.avatarUrl).toMatch(/^https:/);
      expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '1', sealedVersion: '1' });
      expect(await eventsOf(flow, id)).toMatchObject([
        { type: 'account.connected', sequence: '1', data: { user_ref: 'user 7' } },
      ]);
    },
  );

  it("is due for a refresh at four fifths of the token's lifetime at the platform", async () => {
    const id = await flow.connect('x');
    expect((await grantOf(flow, id)).dueIn).toBeGreaterThan(120 * 0.76 - 5);
    expect((await grantOf(flow, id)).dueIn).toBeLessThan(120 * 0.84);
  });

  it.each(['x', 'tiktok'])(
    'keeps the id of a person who connects again at %s, with new tokens under a new version',
    async (provider) => {
      const id = await flow.connect(provider);
      const before = await tokensOf(id);
      const connectedAt = (await flow.account(id)).connectedAt;
      await flow.pass(30);
      expect(await flow.connect(provider)).toBe(id);
      expect(await accountsOf()).toHaveLength(1);
      const after = await tokensOf(id);
      expect(after.access).not.toBe(before.access);
      expect(after.refresh).not.toBe(before.refresh);
      expect(await grantOf(flow, id)).toMatchObject({ version: '2', sealedVersion: '2', state: 'idle' });
      expect((await eventsOf(flow, id)).map(({ type }) => type)).toEqual(['account.connected', 'account.reconnected']);
      expect((await flow.account(id)).connectedAt).toEqual(connectedAt);
    },
  );

  it('makes a second account of the same person in another project, on the same grant', async () => {
    const projectId = await makeProject(flow.pool, flow.tenant);
    const first = await flow.connect('x');
    const second = await flow.connect('x', 'happy', { projectId });
    expect(second).not.toBe(first);
    expect((await grantOf(flow, second)).id).toBe((await grantOf(flow, first)).id);
    expect(await flow.account(first)).toMatchObject({ health: 'active' });
  });

  it('makes two accounts of two persons, on two grants', async () => {
    const [first, second] = [await flow.connect('x', 'happy'), await flow.connect('x', 'paula')];
    expect(second).not.toBe(first);
    expect((await grantOf(flow, second)).id).not.toBe((await grantOf(flow, first)).id);
  });

  it('moves an account to the app it was connected through last, and revokes what it leaves behind', async () => {
    const id = await flow.connect('x');
    const left = await grantOf(flow, id);
    const other = await flow.app('x');
    expect(await flow.connect('x', 'happy', { oauthAppId: other })).toBe(id);
    expect((await flow.account(id)).oauthAppId).toBe(other);
    expect(await flow.many('select 1 from grant_tokens where grant_id = $1', [left.id])).toEqual([]);
    expect(await flow.calls('revoke')).toMatchObject([{ outcome: 'ok' }]);
  });

  it('reports a required permission that was not given as missing', async () => {
    const id = await flow.connect('tiktok', 'partial-consent', { scopes: ['user.info.basic', 'video.publish'] });
    expect(await flow.account(id)).toMatchObject({
      health: 'missing_permissions',
      healthReason: 'scope_missing',
      scopes: ['user.info.basic'],
    });
    expect((await eventsOf(flow, id)).map(({ type }) => type)).toEqual(['account.connected', 'account.health_changed']);
  });

  it('heals a missing permission when the person connects again with all boxes ticked', async () => {
    const few = { scopes: ['tweet.read', 'users.read'] };
    const id = await flow.connect('x', 'happy', few);
    expect(await flow.account(id)).toMatchObject({ health: 'missing_permissions' });
    await flow.connect('x');
    expect(await flow.account(id)).toMatchObject({ health: 'active', healthReason: null });
  });

  it('reports for an account without a refresh token when it ends, and when it has ended', async () => {
    const id = await flow.connect('x', 'no-refresh-token');
    expect(await flow.account(id)).toMatchObject({
      health: 'expiring',
      healthReason: 'token_unrefreshable',
      nextRefreshAt: null,
    });
    await flow.pass(121);
    expect(await flow.exchange().refresh((await grantOf(flow, id)).id)).toEqual({ kind: 'not_refreshable' });
    expect(await flow.account(id)).toMatchObject({ health: 'needs_reauth', healthReason: 'token_unrefreshable' });
  });

  it('keeps ids above 2^53 and names beyond ASCII letter by letter', async () => {
    const big = await flow.account(await flow.connect('x', 'ids-above-2-53'));
    expect(big.platformAccountId).toBe('9007199254740993');
    const named = await flow.account(await flow.connect('x', 'unicode-handle'));
    expect(named).toMatchObject({ handle: 'zofie_李', displayName: 'Žofie 🌻 Ünïcødé-李' });
  });
});

describe('what is stored', () => {
  it('holds no state, verifier, token or client secret in the clear', async () => {
    const open = await flow.start('x');
    const { id: openId } = (await attemptsOf(flow))[0]!;
    const verifier = await flow.get(Vault).openVerifier(flow.pool, { ...flow.tenant, id: openId });
    const account = await flow.connect('x', 'paula');
    const { access, refresh } = await tokensOf(account);
    const stored = await dump(flow);
    expect(stored).toContain(openId);
    for (const secret of [open.state, open.state.split('.')[0]!, verifier!.reveal(), access, refresh, CLIENT_SECRET]) {
      expect(secret.length).toBeGreaterThan(20);
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')]) {
        expect(stored).not.toContain(form);
      }
    }
  });

  it('does not open a sealed row that was moved to another one', async () => {
    const [one, other] = [await flow.connect('x', 'happy'), await flow.connect('x', 'paula')];
    const [from, to] = [await grantOf(flow, one), await grantOf(flow, other)];
    await flow.pool.query(
      `update grant_tokens t set sealed_access = f.sealed_access, sealed_refresh = f.sealed_refresh, dek_wrapped = f.dek_wrapped
       from grant_tokens f where f.grant_id = $1 and t.grant_id = $2`,
      [from.id, to.id],
    );
    await expect(flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: to.id })).rejects.toThrow();
  });
});

describe('an attempt', () => {
  it('is read only by the credential that started it', async () => {
    const { state } = await flow.start('x', { createdBy: 'key one' });
    const read = (createdBy: string, tenant = flow.tenant) =>
      flow.get(ReadAttempt).execute({ tenant, createdBy, state });
    expect(await read('key one')).toMatchObject({ status: 'pending', accountIds: [], provider: 'x' });
    await expect(read('key two')).rejects.toMatchObject({ code: 'attempt.not_found' });
    await expect(read('key one', { ...flow.tenant, environment: 'live' })).rejects.toMatchObject({
      code: 'attempt.not_found',
    });
  });

  it('reads failed once its ten minutes are over', async () => {
    const { state, expiresAt } = await flow.start('x', { createdBy: 'key one' });
    const { left } = await flow.one<{ left: number }>(
      'select extract(epoch from $1::timestamptz - db_now())::int as left',
      [expiresAt],
    );
    expect(left).toBeGreaterThan(590);
    expect(left).toBeLessThanOrEqual(600);
    await flow.pass(601);
    const read = await flow.get(ReadAttempt).execute({ tenant: flow.tenant, createdBy: 'key one', state });
    expect(read).toMatchObject({ status: 'failed', error: 'state_expired' });
  });

  it('is not started with a return URL outside the list, an unknown app, project or platform, and stores nothing then', async () => {
    const refusals: [object, string][] = [
      [{ returnUrl: 'https://evil.example/' }, 'return_url.not_allowed'],
      [{ returnUrl: `${RETURN_URL}-not` }, 'return_url.not_allowed'],
      [{ oauthAppId: '01936f8c-0000-7000-8000-000000000000' }, 'oauth_app.not_found'],
      [{ projectId: '01936f8c-0000-7000-8000-000000000000' }, 'project.not_found'],
      [{ scopes: ['a b'] }, 'scopes.invalid'],
      [{ provider: 'myspace' }, 'provider.unknown'],
    ];
    for (const [overrides, code] of refusals) await expect(flow.start('x', overrides)).rejects.toMatchObject({ code });
    expect(await attemptsOf(flow)).toEqual([]);
  });

  it('cannot go through the app of another tenant', async () => {
    const foreign = await flow.app('x', { clientSecret: new Secret('another') });
    await flow.begin();
    await expect(flow.start('x', { oauthAppId: foreign })).rejects.toMatchObject({ code: 'oauth_app.not_found' });
  });
});
