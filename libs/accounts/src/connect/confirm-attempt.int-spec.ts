import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { codeOf } from '#observability';
import { Flow, PUBLIC_URL, RETURN_URL, type SandboxCall } from '../../../../test/support/flow.js';
import { attemptsOf, eventsOf, tenantEvents } from '../../../../test/support/flow-rows.js';
import type { StartConnectInput } from './start-connect.js';
import { ConfirmAttempt } from './confirm-attempt.js';
import { ReadAttempt } from './read-attempt.js';
import { SelectAccounts } from './select-accounts.js';
import { StartReauth } from './start-reauth.js';
import { SweepAttempts } from './sweep-attempts.js';

const USER_REF = 'user 7';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  for (const provider of ['x', 'facebook']) await flow.app(provider, { completion: 'confirm', isDefault: true });
});

interface Waiting {
  state: string;
  connectToken: string;
  url: URL;
}

/** Start, consent, callback: the attempt, and what its browser brought to the return URL. */
async function consent(
  provider = 'x',
  overrides: Partial<StartConnectInput> = {},
  persona = 'happy',
): Promise<Waiting> {
  const { authorizeUrl, state } = await flow.start(provider, { userRef: USER_REF, ...overrides });
  const landed = await flow.callback(await flow.decide(authorizeUrl, persona));
  if (landed.kind !== 'redirect') throw new Error('the browser was not sent back');
  const url = new URL(landed.url);
  return { state, url, connectToken: url.searchParams.get('connect_token') ?? '' };
}

const creator = { createdBy: 'a key' };
const confirm = (waiting: Pick<Waiting, 'state' | 'connectToken'>, userRef = USER_REF, by = creator) =>
  flow.get(ConfirmAttempt).execute({ tenant: flow.tenant, ...by, ...waiting, userRef });
const read = ({ state }: Waiting) => flow.get(ReadAttempt).execute({ tenant: flow.tenant, ...creator, state });
const accountCount = async (): Promise<number> =>
  (await flow.many('select 1 from accounts where workspace_id = $1', [flow.tenant.workspaceId])).length;

/** The revocations that the platform carried out. */
async function revocations(): Promise<SandboxCall[]> {
  await flow.revoked();
  return (await flow.calls('revoke')).filter(({ outcome }) => outcome === 'ok');
}

describe('an attempt of an app with completion "confirm"', () => {
  it('makes no account before the backend confirms it, and then the same as any other', async () => {
    const waiting = await consent();
    expect(waiting.url.href).toBe(`${RETURN_URL}?connected=x&connect_token=${waiting.connectToken}`);
    expect(waiting.connectToken).toMatch(/^[\w-]{43}$/);
    expect(await read(waiting)).toMatchObject({ status: 'confirmation_required', accountIds: [], error: null });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'confirmation_required', sealed: true }]);
    expect([await accountCount(), await tenantEvents(flow)]).toEqual([0, []]);

    const completed = await confirm(waiting);
    expect(completed).toMatchObject({ status: 'completed', accountIds: [expect.any(String)] });
    const [id] = completed.accountIds;
    expect(await flow.account(id!)).toMatchObject({ health: 'active', metadata: { user_ref: USER_REF } });
    expect((await eventsOf(flow, id!)).map(({ type }) => type)).toEqual(['account.connected']);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'completed', sealed: false }]);
    expect([await flow.calls('token'), await revocations()]).toMatchObject([[{ outcome: 'ok' }], []]);
  });

  it('is confirmed once', async () => {
    const waiting = await consent();
    await confirm(waiting);
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'attempt.not_confirmable' });
    expect([await accountCount(), (await revocations()).length]).toEqual([1, 0]);
  });

  it('is confirmed once by two requests at the same moment', async () => {
    const waiting = await consent();
    const results = await Promise.allSettled([confirm(waiting), confirm(waiting)]);
    const ids = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.accountIds : []));
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [codeOf(result.reason)] : []));
    // The second one finds the attempt completed, or is refused, depending on when it reads the attempt.
    expect(refusals).toEqual(refusals.map(() => 'attempt.not_confirmable'));
    expect([new Set(ids).size, (await eventsOf(flow, ids[0]!)).length]).toEqual([1, 1]);
  });

  it.each([
    ['connect_token', (waiting: Waiting) => confirm({ ...waiting, connectToken: 'A'.repeat(43) })],
    ['user_ref', (waiting: Waiting) => confirm(waiting, 'user 8')],
  ])('ends with its tokens revoked when the %s is of another one', async (field, attack) => {
    const waiting = await consent();
    await expect(attack(waiting)).rejects.toMatchObject({ code: 'attempt.confirmation_mismatch', fields: [{ field }] });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect(await tenantEvents(flow)).toMatchObject([
      { type: 'oauth_attempt.failed', data: { error: 'state_expired', user_ref: USER_REF } },
    ]);
    expect(await revocations()).toHaveLength(1);
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'attempt.not_confirmable' });
    expect(await accountCount()).toBe(0);
  });

  it('does not accept the token of another attempt of the same user', async () => {
    const [first, second] = [await consent(), await consent('x', {}, 'paula')];
    const swapped = { state: first.state, connectToken: second.connectToken };
    await expect(confirm(swapped)).rejects.toMatchObject({ code: 'attempt.confirmation_mismatch' });
    expect(await confirm(second)).toMatchObject({ status: 'completed' });
  });

  it('is unknown to every other credential, which changes nothing', async () => {
    const waiting = await consent();
    await expect(confirm(waiting, USER_REF, { createdBy: 'another key' })).rejects.toMatchObject({
      code: 'attempt.not_found',
    });
    expect(await read(waiting)).toMatchObject({ status: 'confirmation_required' });
  });

  it('ends after ten minutes with its tokens destroyed and revoked', async () => {
    const waiting = await consent();
    await flow.pass(601);
    expect(await read(waiting)).toMatchObject({ status: 'failed', error: 'state_expired' });
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'attempt.not_confirmable' });
    await flow.get(SweepAttempts).execute();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect([await accountCount(), (await revocations()).length]).toEqual([0, 1]);
  });

  it('still waits when the platform does not answer, and is confirmed by the next request', async () => {
    const waiting = await consent();
    await flow.fault({ endpoint: 'identity', times: 1, status: 503 });
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'provider.unavailable' });
    expect(await read(waiting)).toMatchObject({ status: 'confirmation_required' });
    expect(await confirm(waiting)).toMatchObject({ status: 'completed' });
  });

  it('still waits after an hour when the platform does not answer', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    await flow.fault({ endpoint: 'identity', times: 4, status: 503 });
    const waiting = await consent();
    await flow.pass(3_601);
    await flow.get(SweepAttempts).execute();
    await flow.fault({ endpoint: 'identity', times: 1, status: 503 });
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'provider.unavailable' });
    expect(await confirm(waiting)).toMatchObject({ status: 'completed' });
  });

  it('fails with its tokens destroyed when the platform refuses them twice', async () => {
    const waiting = await consent();
    await flow.fault({ endpoint: 'identity', times: 9, status: 401 });
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'provider.unavailable' });
    expect(await confirm(waiting)).toMatchObject({ status: 'failed', error: 'exchange_failed' });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'exchange_failed', sealed: false }]);
  });

  it('hands over no token where another process fails it while the platform identifies the person', async () => {
    await flow.pool.query(`
      create function fail_attempt() returns trigger language plpgsql as
        $$ begin new.status := 'failed'; new.error := 'access_denied'; return new; end $$;
      create trigger fail_attempt before update of platform_user_id on connect_attempts
        for each row when (new.status = 'exchanged') execute function fail_attempt()`);
    try {
      expect((await consent()).url.search).toBe('?oauth_error=access_denied');
      const choosing = await consent('facebook', { selection: 'manual' }, 'many-pages');
      expect(choosing.url.search).toBe('?oauth_error=access_denied');
    } finally {
      await flow.pool.query('drop function fail_attempt cascade');
    }
  });

  it('hands over its token also where the platform identifies the person only after the browser has gone', async () => {
    await flow.fault({ endpoint: 'identity', times: 4, status: 503 });
    const waiting = await consent();
    expect(waiting.url.searchParams.get('oauth_error')).toBe('provider_unavailable');
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'attempt.not_confirmable' });
    await flow.pass(61);
    await flow.get(SweepAttempts).execute();
    expect(await read(waiting)).toMatchObject({ status: 'confirmation_required' });
    expect(await confirm(waiting)).toMatchObject({ status: 'completed' });
  });

  it('hands over no token where it has failed', async () => {
    const { authorizeUrl } = await flow.start('x', { userRef: USER_REF });
    expect(await flow.callback(await flow.decide(authorizeUrl, 'happy', 'deny'))).toEqual({
      kind: 'redirect',
      url: `${RETURN_URL}?oauth_error=access_denied`,
    });
  });

  it('is not started without a user_ref', async () => {
    await expect(flow.start('x')).rejects.toMatchObject({ code: 'user_ref.missing', fields: [{ field: 'user_ref' }] });
    expect(await attemptsOf(flow)).toEqual([]);
  });

  it('is not started without a return URL, which alone brings the token to the backend', async () => {
    await expect(flow.start('x', { userRef: USER_REF, returnUrl: undefined })).rejects.toMatchObject({
      code: 'validation.failed',
      fields: [{ field: 'return_url' }],
    });
    expect(await attemptsOf(flow)).toEqual([]);
  });

  it('hands over no token at the page of this service, where its return URL is not allowed any more', async () => {
    const { authorizeUrl } = await flow.start('x', { userRef: USER_REF });
    await flow.pool.query(`update oauth_apps set allowed_return_urls = '{}' where workspace_id = $1`, [
      flow.tenant.workspaceId,
    ]);
    expect(await flow.callback(await flow.decide(authorizeUrl))).toEqual({
      kind: 'redirect',
      url: `${PUBLIC_URL}/connected?connected=x`,
    });
  });

  it('follows the app as it was at the start', async () => {
    const { authorizeUrl } = await flow.start('x', { userRef: USER_REF });
    await flow.pool.query(`update oauth_apps set completion = 'immediate' where workspace_id = $1`, [
      flow.tenant.workspaceId,
    ]);
    await flow.callback(await flow.decide(authorizeUrl));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'confirmation_required' }]);
  });

  it('leaves the account with the scopes of a later consent that was confirmed before it', async () => {
    await flow.app('tiktok', { completion: 'confirm', isDefault: true });
    const earlier = await consent('tiktok', { scopes: ['user.info.basic'] });
    await flow.pass(1);
    const later = await consent('tiktok');
    await confirm(later);
    const { accountIds } = await confirm(earlier);
    expect(await flow.healthOf(accountIds[0]!)).toEqual(['active', null]);
    const sql = 'select missing_scopes as missing from accounts where id = $1';
    expect(await flow.one(sql, [accountIds[0]])).toEqual({ missing: [] });
  });

  it('leaves a connected account of the same person as it was where it is refused', async () => {
    const [id] = (await confirm(await consent())).accountIds;
    await flow.pass(1);
    await expect(confirm(await consent(), 'user 8')).rejects.toMatchObject({ code: 'attempt.confirmation_mismatch' });
    expect(await flow.account(id!)).toMatchObject({ health: 'active' });
    expect(await revocations()).toEqual([]);
  });
});

describe('a choice of Pages', () => {
  it('is made before the confirmation, and the accounts exist after it', async () => {
    const waiting = await consent('facebook', { selection: 'manual' }, 'many-pages');
    expect(waiting.url.searchParams.get('selection_required')).toBe('facebook');
    await expect(confirm(waiting)).rejects.toMatchObject({ code: 'attempt.not_confirmable' });
    const eligible = (await read(waiting)).candidates!.filter((candidate) => candidate.eligible);
    const platformAccountIds = [eligible[0]!.platformAccountId];
    const chosen = await flow
      .get(SelectAccounts)
      .execute({ tenant: flow.tenant, ...creator, state: waiting.state, platformAccountIds });
    expect([chosen.status, await accountCount()]).toEqual(['confirmation_required', 0]);
    const { accountIds } = await confirm(waiting);
    expect(await Promise.all(accountIds.map((id) => flow.account(id)))).toMatchObject([
      { platformAccountId: platformAccountIds[0], health: 'active' },
    ]);
  });
});

describe('a reauthorization', () => {
  it('needs no confirmation by the person of the account', async () => {
    const [id] = (await confirm(await consent())).accountIds;
    await flow.pass(1);
    const { authorizeUrl } = await flow.get(StartReauth).execute({ tenant: flow.tenant, ...creator, id: id! });
    const landed = await flow.callback(await flow.decide(authorizeUrl));
    expect(landed).toMatchObject({ url: expect.stringMatching(/\?connected=x$/) });
    expect((await eventsOf(flow, id!)).map(({ type }) => type)).toEqual(['account.connected', 'account.reconnected']);
  });
});
