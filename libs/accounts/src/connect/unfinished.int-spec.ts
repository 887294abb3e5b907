import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { Vault } from '#tokens';
import { DisconnectAccount } from '../accounts/disconnect-account.js';
import { Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, eventsOf, grantOf, tenantEvents } from '../../../../test/support/flow-rows.js';
import { FinishAttempt } from './finish-attempt.js';
import { SweepAttempts } from './sweep-attempts.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const sweep = () => flow.get(SweepAttempts).execute();
const accessOf = async (accountId: string): Promise<string | undefined> => {
  const { id } = await grantOf(flow, accountId);
  return (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id }))?.access.reveal();
};

/** The platform ended the earlier grant of a person with a later consent, but its API still accepts the token. */
const HANNA = { status: 200, body: { data: { id: '2244994945', name: 'Hanna Happy', username: 'hanna_happy' } } };

/** The first half of connecting, as a process leaves it that ends then. Returns the attempt's id. */
async function exchangeOnly(persona = 'happy', overrides = {}): Promise<string> {
  const known = new Set((await attemptsOf(flow)).map(({ id }) => id));
  const { authorizeUrl } = await flow.start('x', overrides);
  const { id } = (await attemptsOf(flow)).find((attempt) => !known.has(attempt.id))!;
  const code = (await flow.decide(authorizeUrl, persona)).searchParams.get('code')!;
  await flow.pool.query(
    `update connect_attempts set spent_at = db_now(), consent_sequence = nextval('consent_sequence') where id = $1`,
    [id],
  );
  expect(await flow.exchange().exchangeCode(id, new Secret(code))).toEqual({ kind: 'exchanged' });
  return id;
}

describe('consents of one person', () => {
  const tokensOf = async (accountId: string) => {
    const { id } = await grantOf(flow, accountId);
    return (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id }))!;
  };
  const countOrphans = async (): Promise<number> =>
    (
      await flow.many(
        'select from token_orphans join exchange_intents on id = intent_id join grants on grants.id = grant_id where workspace_id = $1',
        [flow.tenant.workspaceId],
      )
    ).length;

  it('a consent that is stored late does not replace a later one of its person, and its pair is kept beside', async () => {
    await exchangeOnly();
    const id = await flow.connect('x');
    const { access } = await tokensOf(id);
    // Its answer was stored late, by a process that continued after a failure.
    await flow.pool.query(
      `update connect_attempts set exchanged_at = db_now() + interval '1 second' where workspace_id = $1 and status = 'exchanged'`,
      [flow.tenant.workspaceId],
    );
    await flow.fault({ endpoint: 'identity', ...HANNA });
    await flow.pass(32);
    await sweep();
    expect((await attemptsOf(flow)).map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect((await tokensOf(id)).access.reveal()).toBe(access.reveal());
    expect(await countOrphans()).toBe(1);
  });

  it('a consent replaces a pair whose consent has a time in the future, as a clock that was set back leaves it', async () => {
    const id = await flow.connect('x');
    const { access } = await tokensOf(id);
    await flow.pool.query(`update grants set consented_at = db_now() + interval '1 day' where workspace_id = $1`, [
      flow.tenant.workspaceId,
    ]);
    expect(await flow.connect('x')).toBe(id);
    expect((await tokensOf(id)).access.reveal()).not.toBe(access.reveal());
  });
});

describe('a connection that was left half done', () => {
  it('stays open while the platform cannot identify the person, and the sweep finishes it', async () => {
    const { authorizeUrl } = await flow.start('x');
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    await flow.fault({ endpoint: 'identity', times: 5, status: 502 });
    expect(await flow.callback(await flow.decide(authorizeUrl))).toMatchObject({
      url: `${RETURN_URL}?oauth_error=provider_unavailable`,
    });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged', error: null, sealed: true }]);
    await flow.pass(31);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged' }]);
    await flow.pass(61);
    await sweep();
    const [attempt] = await attemptsOf(flow);
    expect(attempt).toMatchObject({ status: 'completed', sealed: false });
    expect(await flow.account(attempt!.accountIds[0]!)).toMatchObject({ health: 'active' });
    expect(await flow.calls('token')).toHaveLength(1);
  });

  it('is finished by another process when the one that exchanged the code ended', async () => {
    await exchangeOnly();
    await flow.pass(31);
    await flow.get(SweepAttempts, 1).execute();
    const [attempt] = await attemptsOf(flow);
    expect(attempt).toMatchObject({ status: 'completed', sealed: false });
    expect(await eventsOf(flow, attempt!.accountIds[0]!)).toMatchObject([{ type: 'account.connected' }]);
  });

  it('is finished once by two that do it at the same moment', async () => {
    const id = await exchangeOnly();
    const [one, other] = await Promise.all([
      flow.get(FinishAttempt).execute(id),
      flow.get(FinishAttempt, 1).execute(id),
    ]);
    expect(one).toEqual(other);
    const [attempt] = await attemptsOf(flow);
    expect(one).toEqual({ kind: 'completed', accountIds: attempt!.accountIds });
    expect(await eventsOf(flow, attempt!.accountIds[0]!)).toHaveLength(1);
  });

  it('does not keep the sweep from those behind it when it cannot be opened', async () => {
    const broken = await exchangeOnly('paula');
    await flow.pool.query(`update attempt_secrets set sealed_token_set = '\\x00' where attempt_id = $1`, [broken]);
    await flow.pass(1);
    const good = await exchangeOnly('omar');
    await flow.pass(31);
    await sweep();
    expect((await attemptsOf(flow)).find(({ id }) => id === good)).toMatchObject({ status: 'completed' });
  });

  it('leaves the later of two consents in place, whichever is finished last', async () => {
    const first = await exchangeOnly();
    await flow.pass(1);
    const second = await exchangeOnly();
    const later = await flow.get(Vault).openAttemptTokens(flow.pool, { ...flow.tenant, id: second });
    const finished = await flow.get(FinishAttempt).execute(second);
    await flow.fault({ endpoint: 'identity', ...HANNA });
    expect(await flow.get(FinishAttempt).execute(first)).toEqual(finished);
    const { accountIds } = (await attemptsOf(flow))[0]!;
    expect(await accessOf(accountIds[0]!)).toBe(later!.accessToken.reveal());
  });

  it('ends as failed where a later consent made the platform discard it, once its tokens are no longer fresh', async () => {
    const first = await exchangeOnly();
    await flow.pass(1);
    const id = await flow.connect('x');
    for (let look = 0; look < 3; look += 1)
      expect(await flow.get(FinishAttempt).execute(first)).toMatchObject({ kind: 'later' });
    await flow.pass(600);
    expect(await flow.get(FinishAttempt).execute(first)).toEqual({ kind: 'failed', error: 'exchange_failed' });
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it('never hangs an account on a grant whose tokens are destroyed', async () => {
    const first = await exchangeOnly();
    await flow.pass(1);
    const id = await flow.connect('x');
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await flow.fault({
      endpoint: 'identity',
      status: 200,
      body: { data: { id: '2244994945', name: 'Hanna Happy', username: 'hanna_happy' } },
    });
    const finished = await flow.get(FinishAttempt).execute(first);
    if (finished.kind !== 'completed') throw new Error(JSON.stringify(finished));
    expect(await accessOf(finished.accountIds[0]!)).toBeDefined();
  });

  it('reports missing_permissions where the granted scopes do not permit the identity call', async () => {
    const { authorizeUrl } = await flow.start('x', { scopes: ['tweet.write', 'offline.access'] });
    expect(await flow.callback(await flow.decide(authorizeUrl))).toMatchObject({
      url: `${RETURN_URL}?oauth_error=missing_permissions`,
    });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'missing_permissions', sealed: false }]);
  });
});

describe('the sweep of attempts', () => {
  it('ends an attempt whose person did not return, with one event', async () => {
    await flow.start('x', { userRef: 'user 7' });
    await flow.pass(601);
    await sweep();
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'state_expired', sealed: false }]);
    expect(await tenantEvents(flow)).toMatchObject([
      { type: 'oauth_attempt.failed', data: { error: 'state_expired', user_ref: 'user 7' } },
    ]);
  });

  it('ends one whose secrets cannot be opened, and ends and deletes those behind it', async () => {
    const broken = await exchangeOnly();
    await flow.pool.query(`update connect_attempts set status = 'selection_required' where id = $1`, [broken]);
    await flow.pool.query(`update attempt_secrets set sealed_token_set = '\\x00' where attempt_id = $1`, [broken]);
    await flow.pool.query(
      `update connect_attempts set created_at = created_at - interval '25 hours', status = 'failed' where id = $1`,
      [await exchangeOnly('omar')],
    );
    await flow.pass(1);
    await flow.start('x', { userRef: 'behind' });
    await flow.pass(601);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', sealed: false }, { status: 'failed' }]);
    expect((await tenantEvents(flow)).map(({ data }) => data.user_ref)).toEqual([null, 'behind']);
  });

  it('ends an attempt whose process ended before the code was exchanged, five minutes after its time', async () => {
    await flow.start('x');
    await flow.pool.query('update connect_attempts set spent_at = db_now() where workspace_id = $1', [
      flow.tenant.workspaceId,
    ]);
    await flow.pass(601);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'pending' }]);
    await flow.pass(300);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'exchange_failed' }]);
  });

  it('deletes what ended a day ago, and nothing younger', async () => {
    await flow.connect('x');
    await flow.pass(86_000);
    await sweep();
    expect(await attemptsOf(flow)).toHaveLength(1);
    await flow.pass(500);
    await sweep();
    expect(await attemptsOf(flow)).toEqual([]);
  });
});
