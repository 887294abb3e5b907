import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Vault } from '#tokens';
import { Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, dump, eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { DisconnectAccount } from '../accounts/disconnect-account.js';
import { ProbeAccount } from '../probe/probe-account.js';
import { ReadAttempt } from './read-attempt.js';
import { SelectAccounts } from './select-accounts.js';
import { StartReauth } from './start-reauth.js';
import { SweepAttempts } from './sweep-attempts.js';

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
  health: string;
  reason: string | null;
  grantId: string;
  tokenVersion: string | null;
}

/** The tenant's Pages in the order of their ids at the platform. */
const pages = (): Promise<Page[]> =>
  flow.many(
    `select accounts.id, platform_account_id as "pageId", health, health_reason as reason, accounts.grant_id as "grantId",
       account_tokens.version as "tokenVersion"
     from accounts left join account_tokens on account_tokens.account_id = accounts.id
     where workspace_id = $1 and health <> 'disconnected' order by platform_account_id`,
    [flow.tenant.workspaceId],
  );
const states = async (): Promise<(string | null)[][]> => (await pages()).map(({ health, reason }) => [health, reason]);
const tokenOf = async (id: string): Promise<string> =>
  (await flow.get(Vault).openAccountToken(flow.pool, { ...flow.tenant, id }))!.reveal();

type Wishes = Parameters<Flow['start']>[1];
/** A consent to its end; `ticked`: the Pages that the person ticks, all of them where it is left out. */
async function consent(persona: string, wishes: Wishes = {}, ticked?: string[]): Promise<string> {
  const { authorizeUrl } = await flow.start(PAGES, wishes);
  return land(authorizeUrl, persona, ticked);
}
async function land(authorizeUrl: string, persona: string, ticked?: string[]): Promise<string> {
  const asked = ticked ? `${authorizeUrl}&sandbox_pages=${ticked.join(',')}` : authorizeUrl;
  const landing = await flow.come(await flow.decide(asked, persona));
  return landing.kind === 'redirect' ? landing.url.slice(RETURN_URL.length) : landing.kind;
}
const refresh = (grantId: string) => flow.exchange().refresh(grantId, { forced: true });
/** Whose probe is due, in the same order. */
const due = async (): Promise<string[]> => {
  const sql =
    'select id from accounts where workspace_id = $1 and probe_due_at <= db_now() order by platform_account_id';
  return (await flow.many<{ id: string }>(sql, [flow.tenant.workspaceId])).map(({ id }) => id);
};
async function probe(...probed: Page[]): Promise<void> {
  for (const { id } of probed) await flow.get(ProbeAccount).execute(id);
}
const revocations = async () => (await flow.calls('revoke')).filter(({ outcome }) => outcome === 'ok');
/** The revocation follows the answer and blocks nobody. */
async function revoked(): Promise<unknown> {
  for (let n = 0; n < 50 && (await revocations()).length === 0; n += 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  return revocations();
}

describe('a consent that opens Pages', () => {
  it('makes an account of every Page on which the person may publish, all on one grant', async () => {
    expect(await consent('many-pages', { userRef: 'user 7' })).toBe('?connected=facebook');
    const [first, third, ...more] = await pages();
    expect(more).toEqual([]);
    expect([first!.pageId.slice(-1), third!.pageId.slice(-1)]).toEqual(['1', '3']);
    expect(third!.grantId).toBe(first!.grantId);
    expect(await flow.account(first!.id)).toMatchObject({
      ...{
        health: 'active',
        healthReason: null,
        handle: 'manuel_manypages.page1',
        displayName: 'Manuel Manypages’s Page',
      },
      ...{ tokenExpiresAt: null, metadata: { user_ref: 'user 7' } },
    });
    expect((await flow.account(first!.id)).scopes).toContain('pages_manage_posts');
    const [attempt] = await attemptsOf(flow);
    expect([...attempt!.accountIds].sort()).toEqual([first!.id, third!.id].sort());
    expect(attempt).toMatchObject({ status: 'completed', sealed: false });
    expect((await eventsOf(flow, third!.id)).map(({ type }) => type)).toEqual(['account.connected']);
  });

  it('is connected under the ids of its Pages when it comes again', async () => {
    await consent('many-pages');
    const before = await pages();
    await consent('many-pages');
    expect((await pages()).map(({ id, grantId }) => [id, grantId])).toEqual(
      before.map(({ id, grantId }) => [id, grantId]),
    );
  });

  it('without an eligible Page makes no account, and what it gave is revoked', async () => {
    expect(await consent('no-pages')).toBe('?oauth_error=no_eligible_account');
    expect(await pages()).toEqual([]);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'no_eligible_account', sealed: false }]);
    expect(await revoked()).toMatchObject([{ persona: 'no-pages' }]);
  });

  it('is told by the platform which permissions it holds, not by what was asked for', async () => {
    await consent('partial-consent');
    const [page] = await pages();
    expect(page).toMatchObject({ health: 'missing_permissions', reason: 'scope_missing' });
    const { scopes } = await flow.account(page!.id);
    expect([scopes.includes('pages_show_list'), scopes.includes('pages_manage_posts')]).toEqual([true, false]);
  });

  it('waits for the platform where the Pages cannot be listed at present, and is finished by the sweep', async () => {
    await flow.fault({ provider: PAGES, endpoint: 'profiles', times: 4, status: 503 });
    expect(await consent('many-pages')).toBe('?oauth_error=provider_unavailable');
    expect(await pages()).toEqual([]);
    await flow.pass(31);
    await flow.get(SweepAttempts).execute();
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });
});

describe('a consent with a choice to be made', () => {
  const manual = async () => {
    const started = await flow.start(PAGES, { selection: 'manual', createdBy: 'key one' });
    const landed = await land(started.authorizeUrl, 'many-pages');
    const owner = { tenant: flow.tenant, createdBy: 'key one', state: started.state };
    const read = await flow.get(ReadAttempt).execute(owner);
    return { landed, owner, read, ids: (read.candidates ?? []).map(({ platformAccountId }) => platformAccountId) };
  };
  type Manual = Awaited<ReturnType<typeof manual>>;
  const select = ({ owner }: Pick<Manual, 'owner'>, ...platformAccountIds: string[]) =>
    flow.get(SelectAccounts).execute({ ...owner, platformAccountIds });

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
    expect(await pages()).toEqual([]);
  });

  it('makes accounts of what was chosen, and of nothing else', async () => {
    const attempt = await manual();
    expect(await select(attempt, attempt.ids[2]!)).toMatchObject({
      status: 'completed',
      accountIds: [expect.any(String)],
    });
    expect((await pages()).map(({ pageId, health }) => [pageId, health])).toEqual([[attempt.ids[2], 'active']]);
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
    expect(await pages()).toEqual([]);
    expect(await select(attempt, attempt.ids[0]!)).toMatchObject({ status: 'completed' });
  });

  it('is made within ten minutes, or what was given is revoked', async () => {
    await flow.knobs(PAGES, { access_ttl_seconds: 3_600 });
    const attempt = await manual();
    await flow.pass(601);
    await expect(select(attempt, attempt.ids[0]!)).rejects.toMatchObject({ code: 'attempt.not_selectable' });
    await flow.get(SweepAttempts).execute();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect(await revoked()).toMatchObject([{ persona: 'many-pages' }]);
  });
});

describe("a Page's token", () => {
  it('is sealed for its account alone, and stands nowhere in the clear', async () => {
    await consent('many-pages');
    const [first, third] = await pages();
    const tokens = [await tokenOf(first!.id), await tokenOf(third!.id)];
    expect(tokens[0]).not.toBe(tokens[1]);
    const grant = await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: first!.grantId });
    const stored = await dump(flow);
    expect(stored).toContain(first!.pageId);
    for (const secret of [...tokens, grant!.access.reveal()]) {
      expect(secret).toMatch(/^EAA.{100}/);
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')])
        expect(stored).not.toContain(form);
    }
    await flow.pool.query(
      `update account_tokens t set sealed_access = f.sealed_access, dek_wrapped = f.dek_wrapped from account_tokens f
       where f.account_id = $1 and t.account_id = $2`,
      [first!.id, third!.id],
    );
    await expect(tokenOf(third!.id)).rejects.toThrow();
  });

  it("is renewed with those of its siblings by one extension of the person's token", async () => {
    await consent('many-pages');
    const before = await pages();
    const token = await tokenOf(before[0]!.id);
    await flow.pass(100);
    expect(await refresh(before[0]!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await flow.calls('token', 'fb_exchange_token')).toHaveLength(2);
    expect((await pages()).map(({ tokenVersion }) => Number(tokenVersion))).toEqual(
      before.map(({ tokenVersion }) => Number(tokenVersion) + 1),
    );
    expect(await tokenOf(before[0]!.id)).not.toBe(token);
    expect(await flow.account(before[0]!.id)).toMatchObject({ health: 'active', tokenExpiresAt: null });
    expect((await eventsOf(flow, before[1]!.id)).map(({ type }) => type)).toEqual([
      'account.connected',
      'account.refreshed',
    ]);
  });

  it("outlives the person's token, which nobody extended in time", async () => {
    await consent('happy');
    const [page] = await pages();
    await flow.pass(130);
    expect(await refresh(page!.grantId)).toEqual({ kind: 'refused' });
    await flow.get(ProbeAccount).execute(page!.id);
    expect(await states()).toEqual([['active', null]]);
  });
});

describe('disconnecting a Page', () => {
  const disconnect = (id: string) => flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });

  it('leaves its siblings alone, and the last one takes the grant with it', async () => {
    await consent('many-pages');
    const [first, third] = await pages();
    await disconnect(first!.id);
    expect(await flow.many('select 1 from account_tokens where account_id = $1', [first!.id])).toEqual([]);
    expect(await revocations()).toEqual([]);
    await flow.pass(100);
    expect(await refresh(third!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await states()).toEqual([['active', null]]);
    expect(await flow.many('select 1 from account_tokens where account_id = $1', [first!.id])).toEqual([]);

    await disconnect(third!.id);
    expect(await revoked()).toMatchObject([{ persona: 'many-pages' }]);
    expect(await flow.many('select 1 from grant_tokens where grant_id = $1', [third!.grantId])).toEqual([]);
    expect(await flow.many('select 1 from account_tokens where account_id = $1', [third!.id])).toEqual([]);
  });
});

describe('a Page that is out of reach', () => {
  it('shows with its next probe, which comes at once, that a later consent left it out, and is well again after one that did not', async () => {
    await consent('many-pages');
    const [first, third] = await pages();
    expect(await consent('many-pages', {}, [third!.pageId])).toBe('?connected=facebook');
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
    expect(await due()).toEqual([first!.id]);
    await probe(first!, third!);
    expect(await states()).toEqual([
      ['missing_permissions', 'not_granted'],
      ['active', null],
    ]);
    const changes = (await eventsOf(flow, first!.id)).filter(({ type }) => type === 'account.health_changed');
    expect(changes).toMatchObject([
      { data: { health: 'missing_permissions', reason: 'not_granted', previous: 'active' } },
    ]);
    await consent('many-pages');
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });

  it('is not brought back by a list that was asked for before that consent', async () => {
    await consent('many-pages');
    const [first, third] = await pages();
    await flow.pass(100);
    const listed = (await flow.calls('profiles')).length;
    await flow.fault({ provider: PAGES, endpoint: 'profiles', delay_ms: 1_500 });
    const refreshing = refresh(first!.grantId);
    while ((await flow.calls('profiles')).length === listed)
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    await consent('many-pages', {}, [third!.pageId]);
    const token = await tokenOf(third!.id);
    await probe(first!);
    await refreshing;
    expect(await states()).toEqual([
      ['missing_permissions', 'not_granted'],
      ['active', null],
    ]);
    expect(await tokenOf(third!.id)).toBe(token);
  });

  it('shows with the next extension that the person lost her role, and stays dead once a probe found its token dead', async () => {
    await consent('page-role-lost');
    const [lost] = await pages();
    await flow.pass(100);
    await refresh(lost!.grantId);
    expect(await due()).toContain(lost!.id);
    await flow.get(ProbeAccount).execute(lost!.id);
    expect(await states()).toEqual([
      ['degraded', 'refresh_unconfirmed'],
      ['active', null],
    ]);
    await flow.pass(61);
    await flow.get(ProbeAccount).execute(lost!.id);
    expect(await states()).toEqual([
      ['needs_reauth', 'role_lost'],
      ['active', null],
    ]);
    await flow.pass(30);
    expect(await refresh(lost!.grantId)).toEqual({ kind: 'refreshed' });
    expect(await states()).toEqual([
      ['needs_reauth', 'role_lost'],
      ['active', null],
    ]);
    expect((await eventsOf(flow, lost!.id)).filter(({ type }) => type === 'connection.revoked')).toHaveLength(1);
  });

  it('is told by two probes a minute apart that the person changed her password', async () => {
    await consent('password-changed');
    const [page] = await pages();
    await flow.pass(31);
    await flow.get(ProbeAccount).execute(page!.id);
    expect(await states()).toEqual([['degraded', 'refresh_unconfirmed']]);
    await flow.pass(61);
    await flow.get(ProbeAccount).execute(page!.id);
    expect(await states()).toEqual([['needs_reauth', 'password_changed']]);
  });

  it('waits for a person who has something to confirm, and is well when she did', async () => {
    await consent('checkpoint');
    const [page] = await pages();
    await flow.pass(31);
    await flow.get(ProbeAccount).execute(page!.id);
    expect(await states()).toEqual([['restricted', 'checkpoint']]);
    await flow.pass(300);
    await flow.get(ProbeAccount).execute(page!.id);
    expect(await states()).toEqual([['active', null]]);
  });

  it('learns from a probe until when the platform lets us see its data', async () => {
    await consent('happy');
    const [page] = await pages();
    await flow.get(ProbeAccount).execute(page!.id);
    const { reauthDueAt } = await flow.account(page!.id);
    expect(Math.round((reauthDueAt!.getTime() - Date.now()) / 86_400_000)).toBe(90);
  });

  it('is not blamed for a secret of the app that is wrong', async () => {
    await consent('happy');
    const [page] = await pages();
    const body = { error: { message: 'Invalid OAuth access token signature.', type: 'OAuthException', code: 190 } };
    await flow.fault({ provider: PAGES, endpoint: 'probe', status: 400, body, times: 2 });
    for (const seconds of [0, 61]) {
      await flow.pass(seconds || 1);
      await flow.get(ProbeAccount).execute(page!.id);
    }
    expect(await states()).toEqual([['active', null]]);
    expect(
      await flow.one('select status from oauth_apps where workspace_id = $1 and provider = $2', [
        flow.tenant.workspaceId,
        PAGES,
      ]),
    ).toEqual({ status: 'misconfigured' });
  });
});

describe('reauthorizing a Page', () => {
  const reauth = async (id: string, persona: string, ticked?: string[]) => {
    const started = await flow
      .get(StartReauth)
      .execute({ tenant: flow.tenant, createdBy: 'a key', id, returnUrl: RETURN_URL });
    return land(started.authorizeUrl, persona, ticked);
  };
  const stored = () =>
    flow.many(
      `select to_jsonb(accounts) as account, to_jsonb(grants) as "grant", account_tokens.dek_wrapped as key
       from accounts join grants on grants.id = accounts.grant_id left join account_tokens on account_tokens.account_id = accounts.id
       where accounts.workspace_id = $1 order by accounts.id`,
      [flow.tenant.workspaceId],
    );

  it('by another person is refused, and nothing is changed', async () => {
    await consent('many-pages');
    const [page] = await pages();
    const before = await stored();
    expect(await reauth(page!.id, 'paula')).toBe('?oauth_error=account_mismatch');
    expect(await stored()).toEqual(before);
    expect(await revoked()).toMatchObject([{ persona: 'paula' }]);
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
  });

  it('keeps its id, revives all Pages of the grant and adds none', async () => {
    await consent('password-changed');
    const [page] = await pages();
    await flow.pass(31);
    await flow.get(ProbeAccount).execute(page!.id);
    await flow.pass(61);
    await flow.get(ProbeAccount).execute(page!.id);
    expect(await states()).toEqual([['needs_reauth', 'password_changed']]);
    expect(await reauth(page!.id, 'password-changed')).toBe('?connected=facebook');
    expect(await pages()).toMatchObject([{ id: page!.id, health: 'active', reason: null }]);
    expect((await grantOf(flow, page!.id)).state).toBe('idle');
  });

  it('adds no Page that was not connected before', async () => {
    await consent('many-pages', {}, ['1000022449951031']);
    const [page] = await pages();
    expect(await reauth(page!.id, 'many-pages')).toBe('?connected=facebook');
    expect((await pages()).map(({ id }) => id)).toEqual([page!.id]);
  });

  it('without that Page is refused; that the consent took it away shows with the next probe, which comes at once', async () => {
    await consent('many-pages');
    const [first, third] = await pages();
    expect(await reauth(first!.id, 'many-pages', [third!.pageId])).toBe('?oauth_error=account_mismatch');
    expect(await states()).toEqual([
      ['active', null],
      ['active', null],
    ]);
    expect(await due()).toEqual([first!.id, third!.id]);
    await flow.get(ProbeAccount).execute(first!.id);
    expect(await states()).toEqual([
      ['missing_permissions', 'not_granted'],
      ['active', null],
    ]);
  });
});
