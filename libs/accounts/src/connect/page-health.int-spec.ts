import { describe, expect, it } from '@jest/globals';
import { Vault } from '#tokens';
import { dump, eventsOf } from '../../../../test/support/flow-rows.js';
import { PAGES, PagesTenant } from '../../../../test/support/pages.js';

const tenant = PagesTenant.forEachTest();

describe("a Page's token", () => {
  it('is sealed for its account alone, and stands nowhere in the clear', async () => {
    await tenant.consent('many-pages');
    const [first, third] = await tenant.pages();
    const tokens = [await tenant.tokenOf(first!.id), await tenant.tokenOf(third!.id)];
    expect(tokens[0]).not.toBe(tokens[1]);
    const grant = await tenant.flow
      .get(Vault)
      .openGrantTokens(tenant.flow.pool, { ...tenant.flow.tenant, id: first!.grantId });
    const stored = await dump(tenant.flow);
    expect(stored).toContain(first!.pageId);
    for (const secret of [...tokens, grant!.access.reveal()]) {
      expect(secret).toMatch(/^EAA.{100}/);
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')])
        expect(stored).not.toContain(form);
    }
    await tenant.flow.pool.query(
      `update account_tokens t set sealed_access = f.sealed_access, dek_wrapped = f.dek_wrapped from account_tokens f
       where f.account_id = $1 and t.account_id = $2`,
      [first!.id, third!.id],
    );
    await expect(tenant.tokenOf(third!.id)).rejects.toThrow();
  });

  it("is renewed with those of its siblings by one extension of the person's token", async () => {
    await tenant.consent('many-pages');
    const before = await tenant.pages();
    const token = await tenant.tokenOf(before[0]!.id);
    await tenant.flow.pass(100);
    expect(await tenant.refresh(before[0]!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await tenant.flow.calls('token', 'fb_exchange_token')).toHaveLength(2);
    expect((await tenant.pages()).map(({ tokenVersion }) => Number(tokenVersion))).toEqual(
      before.map(({ tokenVersion }) => Number(tokenVersion) + 1),
    );
    expect(await tenant.tokenOf(before[0]!.id)).not.toBe(token);
    expect(await tenant.flow.account(before[0]!.id)).toMatchObject({ health: 'active', tokenExpiresAt: null });
    expect((await eventsOf(tenant.flow, before[1]!.id)).map(({ type }) => type)).toEqual([
      'account.connected',
      'account.refreshed',
    ]);
  });

  it("outlives the person's token, which was not extended in time", async () => {
    await tenant.consent('happy');
    const [page] = await tenant.pages();
    await tenant.flow.pass(130);
    expect(await tenant.refresh(page!.grantId)).toEqual({ kind: 'refused' });
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['active', null]]);
  });
});

describe('a Page that is out of reach', () => {
  it('shows with its next probe, which comes at once, and one a minute later that a later consent left it out, and recovers after one that includes it', async () => {
    await tenant.consent('many-pages');
    const [first, third] = await tenant.pages();
    expect(await tenant.consent('many-pages', {}, [third!.pageId])).toBe('?connected=facebook');
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
    expect(await tenant.due()).toEqual([first!.id]);
    await tenant.probe(first!, third!);
    expect(await tenant.states()).toEqual([
      ['degraded', 'refresh_unconfirmed'],
      ['active', null],
    ]);
    await tenant.flow.pass(61);
    await tenant.probe(first!);
    expect(await tenant.states()).toEqual([
      ['missing_permissions', 'not_granted'],
      ['active', null],
    ]);
    const changes = (await eventsOf(tenant.flow, first!.id)).filter(({ type }) => type === 'account.health_changed');
    expect(changes).toMatchObject([
      { data: { health: 'degraded', reason: 'refresh_unconfirmed', previous: 'active' } },
      { data: { health: 'missing_permissions', reason: 'not_granted', previous: 'degraded' } },
    ]);
    await tenant.consent('many-pages');
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });

  it('is not brought back by a list that was requested before that consent', async () => {
    await tenant.consent('many-pages');
    const [first, third] = await tenant.pages();
    await tenant.flow.pass(100);
    const listed = (await tenant.flow.calls('profiles')).length;
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', delay_ms: 1_500 });
    const refreshing = tenant.refresh(first!.grantId);
    while ((await tenant.flow.calls('profiles')).length === listed)
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    await tenant.consent('many-pages', {}, [third!.pageId]);
    const token = await tenant.tokenOf(third!.id);
    await tenant.probe(first!);
    await refreshing;
    await tenant.flow.pass(61);
    await tenant.probe(first!);
    expect(await tenant.states()).toEqual([
      ['missing_permissions', 'not_granted'],
      ['active', null],
    ]);
    expect(await tenant.tokenOf(third!.id)).toBe(token);
  });

  it('shows with the next extension that the person lost the role, and stays revoked once a probe found its token revoked', async () => {
    await tenant.consent('page-role-lost');
    const [lost] = await tenant.pages();
    await tenant.flow.pass(100);
    await tenant.refresh(lost!.grantId);
    expect(await tenant.due()).toContain(lost!.id);
    await tenant.probe(lost!);
    expect(await tenant.states()).toEqual([
      ['degraded', 'refresh_unconfirmed'],
      ['active', null],
    ]);
    await tenant.flow.pass(61);
    await tenant.probe(lost!);
    expect(await tenant.states()).toEqual([
      ['needs_reauth', 'role_lost'],
      ['active', null],
    ]);
    await tenant.flow.pass(30);
    expect(await tenant.refresh(lost!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await tenant.states()).toEqual([
      ['needs_reauth', 'role_lost'],
      ['active', null],
    ]);
    expect((await eventsOf(tenant.flow, lost!.id)).filter(({ type }) => type === 'connection.revoked')).toHaveLength(1);
  });

  it('finds by two probes a minute apart that the person changed the password', async () => {
    await tenant.consent('password-changed');
    const [page] = await tenant.pages();
    await tenant.flow.pass(31);
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['degraded', 'refresh_unconfirmed']]);
    await tenant.flow.pass(61);
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['needs_reauth', 'password_changed']]);
  });

  it('waits for a person who has something to confirm, and is active afterwards', async () => {
    await tenant.consent('checkpoint');
    const [page] = await tenant.pages();
    await tenant.flow.pass(31);
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['degraded', 'refresh_unconfirmed']]);
    await tenant.flow.pass(61);
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['restricted', 'checkpoint']]);
    await tenant.flow.pass(300);
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['active', null]]);
  });

  it('reads from a probe until when the platform gives access to its data', async () => {
    await tenant.consent('happy');
    const [page] = await tenant.pages();
    await tenant.probe(page!);
    const { reauthDueAt } = await tenant.flow.account(page!.id);
    expect(Math.round((reauthDueAt!.getTime() - Date.now()) / 86_400_000)).toBe(90);
  });

  it('does not change because of a secret of the app that is wrong', async () => {
    await tenant.consent('happy');
    const [page] = await tenant.pages();
    const body = { error: { message: 'Invalid OAuth access token signature.', type: 'OAuthException', code: 190 } };
    await tenant.flow.fault({ provider: PAGES, endpoint: 'probe', status: 400, body, times: 2 });
    for (const seconds of [0, 61]) {
      await tenant.flow.pass(seconds || 1);
      await tenant.probe(page!);
    }
    expect(await tenant.states()).toEqual([['active', null]]);
    expect(
      await tenant.flow.one('select status from oauth_apps where workspace_id = $1 and provider = $2', [
        tenant.flow.tenant.workspaceId,
        PAGES,
      ]),
    ).toEqual({ status: 'misconfigured' });
  });
});
