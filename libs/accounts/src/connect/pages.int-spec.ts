import { describe, expect, it } from '@jest/globals';
import { RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { PAGES, PagesTenant } from '../../../../test/support/pages.js';
import { DisconnectAccount } from '../accounts/disconnect-account.js';
import { ReadAttempt } from './read-attempt.js';
import { SelectAccounts } from './select-accounts.js';
import { StartReauth } from './start-reauth.js';
import { SweepAttempts } from './sweep-attempts.js';

const tenant = PagesTenant.forEachTest();

describe('a consent that opens Pages', () => {
  it('makes an account of every Page on which the person may publish, all on one grant', async () => {
    expect(await tenant.consent('many-pages', { userRef: 'user 7' })).toBe('?connected=facebook');
    const [first, third, ...more] = await tenant.pages();
    expect(more).toEqual([]);
    expect([first!.pageId.slice(-1), third!.pageId.slice(-1)]).toEqual(['1', '3']);
    expect(third!.grantId).toBe(first!.grantId);
    expect(await tenant.flow.account(first!.id)).toMatchObject({
      ...{
        health: 'active',
        healthReason: null,
        handle: 'manuel_manypages.page1',
        displayName: 'Manuel Manypages’s Page',
      },
      ...{ tokenExpiresAt: null, metadata: { user_ref: 'user 7' } },
    });
    expect((await tenant.flow.account(first!.id)).scopes).toContain('pages_manage_posts');
    const [attempt] = await attemptsOf(tenant.flow);
    expect([...attempt!.accountIds].sort()).toEqual([first!.id, third!.id].sort());
    expect(attempt).toMatchObject({ status: 'completed', sealed: false });
    expect((await eventsOf(tenant.flow, third!.id)).map(({ type }) => type)).toEqual(['account.connected']);
  });

  it('is connected under the ids of its Pages when it comes again', async () => {
    await tenant.consent('many-pages');
    const before = await tenant.pages();
    await tenant.consent('many-pages');
    expect((await tenant.pages()).map(({ id, grantId }) => [id, grantId])).toEqual(
      before.map(({ id, grantId }) => [id, grantId]),
    );
  });

  it('a consent without an eligible Page makes no account, and its tokens are revoked', async () => {
    expect(await tenant.consent('no-pages')).toBe('?oauth_error=no_eligible_account');
    expect(await tenant.pages()).toEqual([]);
    expect(await attemptsOf(tenant.flow)).toMatchObject([
      { status: 'failed', error: 'no_eligible_account', sealed: false },
    ]);
    expect(await tenant.revoked()).toMatchObject([{ persona: 'no-pages' }]);
  });

  it('takes its permissions from the platform, not from the request', async () => {
    await tenant.consent('partial-consent');
    const [page] = await tenant.pages();
    expect(page).toMatchObject({ health: 'missing_permissions', reason: 'scope_missing' });
    const { scopes } = await tenant.flow.account(page!.id);
    expect([scopes.includes('pages_show_list'), scopes.includes('pages_manage_posts')]).toEqual([true, false]);
  });

  it('waits for the platform where the Pages cannot be listed at present, and is finished by the sweep', async () => {
    await tenant.flow.fault({ provider: PAGES, endpoint: 'profiles', times: 4, status: 503 });
    expect(await tenant.consent('many-pages')).toBe('?oauth_error=provider_unavailable');
    expect(await tenant.pages()).toEqual([]);
    await tenant.flow.pass(31);
    await tenant.flow.get(SweepAttempts).execute();
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });
});

describe('a consent with a choice to be made', () => {
  const manual = async () => {
    const started = await tenant.flow.start(PAGES, { selection: 'manual', createdBy: 'key one' });
    const landed = await tenant.land(started.authorizeUrl, 'many-pages');
    const owner = { tenant: tenant.flow.tenant, createdBy: 'key one', state: started.state };
    const read = await tenant.flow.get(ReadAttempt).execute(owner);
    return { landed, owner, read, ids: (read.candidates ?? []).map(({ platformAccountId }) => platformAccountId) };
  };
  type Manual = Awaited<ReturnType<typeof manual>>;
  const select = ({ owner }: Pick<Manual, 'owner'>, ...platformAccountIds: string[]) =>
    tenant.flow.get(SelectAccounts).execute({ ...owner, platformAccountIds });

  it('waits, and lists every Page with the reason why it cannot be chosen', async () => {
    const { landed, read } = await manual();
    expect(landed).toBe('?selection_required=facebook');
    expect(read).toMatchObject({ status: 'selection_required', accountIds: [] });
    expect(read.candidates!.map(({ eligible, reason }) => [eligible, reason])).toEqual([
      [true, null],
      [false, 'task_missing'],
      [true, null],
    ]);
    expect(read.candidates![0]).toMatchObject({
      handle: 'manuel_manypages.page1',
      displayName: 'Manuel Manypages’s Page',
    });
    expect(JSON.stringify(read)).not.toContain('EAA');
    expect(await tenant.pages()).toEqual([]);
  });

  it('makes accounts of what was chosen, and of nothing else', async () => {
    const attempt = await manual();
    expect(await select(attempt, attempt.ids[2]!)).toMatchObject({
      status: 'completed',
      accountIds: [expect.any(String)],
    });
    expect((await tenant.pages()).map(({ pageId, health }) => [pageId, health])).toEqual([[attempt.ids[2], 'active']]);
    await expect(select(attempt, attempt.ids[0]!)).rejects.toMatchObject({ code: 'attempt.not_selectable' });
  });

  it('refuses a Page that is not eligible, one that is none of these, and none at all', async () => {
    const attempt = await manual();
    for (const wrong of [[attempt.ids[0]!, attempt.ids[1]!], ['4711'], []]) {
      await expect(select(attempt, ...wrong)).rejects.toMatchObject({ code: 'validation.failed' });
    }
    await expect(select({ owner: { ...attempt.owner, createdBy: 'key two' } }, attempt.ids[0]!)).rejects.toMatchObject({
      code: 'attempt.not_found',
    });
    expect(await tenant.pages()).toEqual([]);
    expect(await select(attempt, attempt.ids[0]!)).toMatchObject({ status: 'completed' });
  });

  it('is made within ten minutes, or what was given is revoked', async () => {
    await tenant.flow.knobs(PAGES, { access_ttl_seconds: 3_600 });
    const attempt = await manual();
    await tenant.flow.pass(601);
    await expect(select(attempt, attempt.ids[0]!)).rejects.toMatchObject({ code: 'attempt.not_selectable' });
    await tenant.flow.get(SweepAttempts).execute();
    expect(await attemptsOf(tenant.flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect(await tenant.revoked()).toMatchObject([{ persona: 'many-pages' }]);
  });
});

describe('disconnecting a Page', () => {
  const disconnect = (id: string) => tenant.flow.get(DisconnectAccount).execute({ tenant: tenant.flow.tenant, id });

  it('leaves its siblings alone, and the last one takes the grant with it', async () => {
    await tenant.consent('many-pages');
    const [first, third] = await tenant.pages();
    await disconnect(first!.id);
    expect(await tenant.flow.many('select 1 from account_tokens where account_id = $1', [first!.id])).toEqual([]);
    expect(await tenant.revocations()).toEqual([]);
    await tenant.flow.pass(100);
    expect(await tenant.refresh(third!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await tenant.states()).toEqual([['active', null]]);
    expect(await tenant.flow.many('select 1 from account_tokens where account_id = $1', [first!.id])).toEqual([]);

    await disconnect(third!.id);
    expect(await tenant.revoked()).toMatchObject([{ persona: 'many-pages' }]);
    expect(await tenant.flow.many('select 1 from grant_tokens where grant_id = $1', [third!.grantId])).toEqual([]);
    expect(await tenant.flow.many('select 1 from account_tokens where account_id = $1', [third!.id])).toEqual([]);
  });
});

describe('reauthorizing a Page', () => {
  const reauth = async (id: string, persona: string, ticked?: string[]) => {
    const started = await tenant.flow
      .get(StartReauth)
      .execute({ tenant: tenant.flow.tenant, createdBy: 'a key', id, returnUrl: RETURN_URL });
    return tenant.land(started.authorizeUrl, persona, ticked);
  };
  const stored = () =>
    tenant.flow.many(
      `select to_jsonb(accounts) as account, to_jsonb(grants) as "grant", account_tokens.dek_wrapped as key
       from accounts join grants on grants.id = accounts.grant_id left join account_tokens on account_tokens.account_id = accounts.id
       where accounts.workspace_id = $1 order by accounts.id`,
      [tenant.flow.tenant.workspaceId],
    );

  /** The account belongs to the grant of a person who administered the Page before. */
  const formerAdmin = () =>
    tenant.flow.pool.query(`update grants set platform_user_id = 'former admin' where workspace_id = $1`, [
      tenant.flow.tenant.workspaceId,
    ]);

  it('may be done by another person who administers the Page', async () => {
    await tenant.consent('many-pages');
    const [page] = await tenant.pages();
    await formerAdmin();
    expect(await reauth(page!.id, 'many-pages')).toBe('?connected=facebook');
    expect(await tenant.flow.account(page!.id)).toMatchObject({ health: 'active' });
  });

  it('is refused to another person who administers the Page, where the app requires confirmations', async () => {
    await tenant.consent('many-pages');
    const [page] = await tenant.pages();
    await tenant.flow.pool.query(`update oauth_apps set completion = 'confirm' where workspace_id = $1`, [
      tenant.flow.tenant.workspaceId,
    ]);
    expect(await reauth(page!.id, 'many-pages')).toBe('?connected=facebook');
    await formerAdmin();
    const before = await stored();
    expect(await reauth(page!.id, 'many-pages')).toBe('?oauth_error=account_mismatch');
    expect(await stored()).toEqual(before);
  });

  it('a reauthorization by another person is refused, and nothing is changed', async () => {
    await tenant.consent('many-pages');
    const [page] = await tenant.pages();
    const before = await stored();
    expect(await reauth(page!.id, 'paula')).toBe('?oauth_error=account_mismatch');
    expect(await stored()).toEqual(before);
    expect(await tenant.revoked()).toMatchObject([{ persona: 'paula' }]);
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });

  it('keeps its id, revives all Pages of the grant and adds none', async () => {
    await tenant.consent('password-changed');
    const [page] = await tenant.pages();
    await tenant.flow.pass(31);
    await tenant.probe(page!);
    await tenant.flow.pass(61);
    await tenant.probe(page!);
    expect(await tenant.states()).toEqual([['needs_reauth', 'password_changed']]);
    expect(await reauth(page!.id, 'password-changed')).toBe('?connected=facebook');
    expect(await tenant.pages()).toMatchObject([{ id: page!.id, health: 'active', reason: null }]);
    expect((await grantOf(tenant.flow, page!.id)).state).toBe('idle');
  });

  it('adds no Page that was not connected before', async () => {
    await tenant.consent('many-pages', {}, ['1000022449951031']);
    const [page] = await tenant.pages();
    expect(await reauth(page!.id, 'many-pages')).toBe('?connected=facebook');
    expect((await tenant.pages()).map(({ id }) => id)).toEqual([page!.id]);
  });

  it('a reauthorization without that Page is refused; the next probe, which comes at once, and one a minute later show that the consent removed it', async () => {
    await tenant.consent('many-pages');
    const [first, third] = await tenant.pages();
    expect(await reauth(first!.id, 'many-pages', [third!.pageId])).toBe('?oauth_error=account_mismatch');
    expect(await tenant.states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
    expect(await tenant.due()).toEqual([first!.id, third!.id]);
    await tenant.probe(first!);
    expect((await tenant.states())[0]).toEqual(['degraded', 'refresh_unconfirmed']);
    await tenant.flow.pass(61);
    await tenant.probe(first!);
    expect(await tenant.states()).toEqual([
      ['missing_permissions', 'not_granted'],
      ['active', null],
    ]);
  });
});
