import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DeleteOAuthApp, DisconnectAccount, DueProbes, SweepAttempts } from '#accounts';
import { Vault } from '#tokens';
import { until } from './support/backend.js';
import { Flow } from './support/flow.js';
import { attemptsOf, dump, grantOf } from './support/flow-rows.js';

/** Revocations that cannot be sent at once: they are stored sealed, and the real exchanger retries them. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  await flow.app('facebook', { isDefault: true });
});

const disconnect = (id: string): Promise<unknown> => flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
const sweep = (): Promise<void> => flow.get(SweepAttempts).execute();

/** Leaves an exchanged attempt whose person the platform does not identify. */
async function leaveUnidentified(provider: string, persona: string): Promise<void> {
  const { authorizeUrl } = await flow.start(provider);
  const back = await flow.decide(authorizeUrl, persona);
  await flow.fault({ provider, endpoint: 'identity', times: 4, status: 503 });
  await flow.callback(back);
  expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'exchanged', sealed: true });
}

/** The stored revocations of the tenant. */
const pending = (): Promise<{ id: string; tries: number; outcome: string | null; sealed: boolean }[]> =>
  flow.many(
    `select id, tries, last_outcome as outcome, exists (select from revocation_tokens where revocation_id = id) as sealed
     from pending_revocations where workspace_id = $1`,
    [flow.tenant.workspaceId],
  );

/** The orphaned pairs of the grants of the tenant. */
const orphans = (): Promise<object[]> =>
  flow.many(
    `select 1 from token_orphans join exchange_intents on id = intent_id join grants on grants.id = grant_id
     where workspace_id = $1`,
    [flow.tenant.workspaceId],
  );

/** The outcomes that the exchanger logged for a revocation. */
const logged = (id: string): unknown[] =>
  flow.exchanger.log
    .split('\n')
    .filter((line) => line.includes('"revocation.') && line.includes(id))
    .map((line) => (JSON.parse(line) as { outcome: unknown }).outcome);

describe.each(['x', 'facebook'])('a revocation at %s during an attempt of an unidentified person', (provider) => {
  const [person, other] = provider === 'facebook' ? ['happy', 'many-pages'] : ['happy', 'paula'];
  let id: string;
  beforeEach(async () => {
    await flow.knobs(provider, { access_ttl_seconds: 200_000 });
    id = await flow.connect(provider, person);
  });

  async function disconnectDuringConsentOf(persona: string): Promise<string> {
    await leaveUnidentified(provider, persona);
    await disconnect(id);
    await flow.revoked();
    expect(await pending()).toMatchObject([{ tries: 1, outcome: 'consent_pending', sealed: true }]);
    expect(await flow.calls('revoke')).toEqual([]);
    return (await pending())[0]!.id;
  }

  it('is sent when the attempt belongs to another person', async () => {
    await disconnectDuringConsentOf(other);
    await flow.pass(120);
    await sweep();
    expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'completed' });
    await flow.revoked();
    expect(await flow.calls('revoke')).toMatchObject([{ outcome: 'ok', persona: person }]);
    expect(await pending()).toEqual([]);
  });

  it('is sent, like that of the attempt, when the attempt fails without an identified person', async () => {
    await disconnectDuringConsentOf(other);
    await flow.fault({ provider, endpoint: 'identity', times: 50, status: 503 });
    await flow.pass(3_700);
    await sweep();
    await sweep();
    expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'failed', sealed: false });
    await flow.revoked();
    expect((await flow.calls('revoke')).map(({ persona }) => persona).toSorted()).toEqual([person, other].toSorted());
  });

  it('is never sent when the attempt belongs to the same person, because it could end the new grant', async () => {
    const revocation = await disconnectDuringConsentOf(person);
    await flow.pass(120);
    await sweep();
    expect((await attemptsOf(flow)).at(-1)).toMatchObject({ status: 'completed' });
    await flow.revoked();
    expect([await pending(), await flow.calls('revoke')]).toEqual([[], []]);
    // The line of the log may arrive after the row is gone.
    const outcomes = () => Promise.resolve(logged(revocation));
    expect(await until(outcomes, ({ length }) => length > 1)).toEqual(['consent_pending', 'spared']);
    const { accountIds } = (await attemptsOf(flow)).at(-1)!;
    await flow.get(DueProbes).probe(accountIds[0]!);
    expect(await flow.account(accountIds[0]!)).toMatchObject({ health: 'active' });
  });
});

describe('a revocation', () => {
  const provider = 'x';

  it('is retried while the platform fails, and checked again before each request', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 3, status: 503 });
    await disconnect(id);
    for (const seconds of [7, 26, 80]) {
      await flow.revoked();
      await flow.pass(seconds);
    }
    await flow.revoked();
    expect((await flow.calls('revoke')).map(({ status }) => status)).toEqual([503, 503, 503, 200]);
    expect(await pending()).toEqual([]);
  });

  it('waits for the Retry-After of the platform', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 429, headers: { 'retry-after': '1200' } });
    await disconnect(id);
    await flow.revoked();
    await flow.pass(1_190);
    await flow.revoked();
    expect((await flow.calls('revoke')).map(({ status }) => status)).toEqual([429]);
    await flow.pass(20);
    await flow.revoked();
    expect((await flow.calls('revoke')).map(({ status }) => status)).toEqual([429, 200]);
  });

  it('is not sent when the person reconnects after the first request', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 503 });
    await disconnect(id);
    await flow.revoked();
    await flow.connect(provider);
    await flow.pass(7);
    await flow.revoked();
    expect((await flow.calls('revoke')).map(({ status }) => status)).toEqual([503]);
    expect(await pending()).toEqual([]);
  });

  it('is sent once the platform identifies the person, although another person has an active grant', async () => {
    await flow.knobs(provider, { access_ttl_seconds: 200_000 });
    await flow.connect(provider, 'paula');
    await leaveUnidentified(provider, 'happy');
    await flow.fault({ provider, endpoint: 'identity', times: 50, status: 503 });
    await flow.pass(3_700);
    await sweep();
    await sweep();
    await flow.revoked();
    expect(await pending()).toMatchObject([{ outcome: 'unidentified' }]);
    await flow.sandbox.control('DELETE', '/faults');
    await flow.pass(30);
    await flow.revoked();
    expect(await flow.calls('revoke')).toMatchObject([{ outcome: 'ok', persona: 'happy' }]);
  });

  it('is sent after its app is deleted, with the client secret that is sealed beside the tokens', async () => {
    const app = await flow.app(provider, { isDefault: true });
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 1, status: 503 });
    await disconnect(id);
    await flow.revoked();
    await flow.get(DeleteOAuthApp).execute({ tenant: flow.tenant, id: app, force: false });
    await flow.pass(7);
    await flow.revoked();
    const { body } = await flow.sandbox.control('GET', `/calls?provider=${provider}&endpoint=revoke`);
    expect(body).toMatchObject([{ status: 503 }, { status: 200, outcome: 'ok' }]);
  });

  it('is stored with the only sealed copy of the tokens while no exchanger runs, and sent by the next one', async () => {
    const id = await flow.connect(provider);
    const { id: grantId } = await grantOf(flow, id);
    const tokens = (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId }))!;
    await flow.exchanger.end('SIGKILL');
    await disconnect(id);
    expect(await flow.many('select 1 from grant_tokens where grant_id = $1', [grantId])).toEqual([]);
    expect(await pending()).toMatchObject([{ tries: 0, sealed: true }]);
    const everything = await dump(flow);
    for (const token of [tokens.access, tokens.refresh!]) expect(everything).not.toContain(token.reveal());
    await flow.exchanger.run();
    await flow.revoked();
    expect(await flow.calls('revoke')).toMatchObject([{ outcome: 'ok' }]);
    expect(await flow.many('select 1 from revocation_tokens')).toEqual([]);
  });

  it('is also created for an orphaned pair when its grant is disconnected', async () => {
    const id = await flow.connect('tiktok');
    await flow.fault({ provider: 'tiktok', endpoint: 'revoke', times: 1, status: 503 });
    await disconnect(id);
    await flow.revoked();
    const again = await flow.connect('tiktok');
    await flow.pass(7);
    await flow.revoked();
    expect(await orphans()).toHaveLength(1);
    await disconnect(again);
    await flow.revoked();
    expect(await orphans()).toEqual([]);
    expect((await flow.calls('revoke')).slice(1)).toHaveLength(2);
    expect(await pending()).toEqual([]);
  });

  it('is not sent when its sealed pair was copied from another row', async () => {
    const [first, second] = [await flow.connect(provider), await flow.connect(provider, 'paula')];
    await flow.exchanger.end('SIGKILL');
    for (const id of [first, second]) await disconnect(id);
    await flow.pool.query(
      `update revocation_tokens as it set sealed_pair = other.sealed_pair, dek_wrapped = other.dek_wrapped
       from revocation_tokens other where other.revocation_id <> it.revocation_id`,
    );
    await flow.exchanger.run();
    await flow.revoked();
    expect(await flow.calls('revoke')).toEqual([]);
    expect(await pending()).toMatchObject([{ outcome: 'unanswered' }, { outcome: 'unanswered' }]);
  });

  it('is deleted with its tokens after a day without an answer', async () => {
    const id = await flow.connect(provider);
    await flow.fault({ provider, endpoint: 'revoke', times: 500, status: 503 });
    await disconnect(id);
    await flow.revoked();
    await flow.pass(86_390);
    await sweep();
    expect(await pending()).toMatchObject([{ sealed: true }]);
    await flow.pass(11);
    await sweep();
    expect(await pending()).toEqual([]);
    expect(await flow.many('select 1 from revocation_tokens')).toEqual([]);
  });

  it('is deleted when its token expires earlier and cannot be refreshed', async () => {
    await flow.knobs(provider, { access_ttl_seconds: 3_600 });
    const id = await flow.connect(provider, 'no-refresh-token');
    await flow.fault({ provider, endpoint: 'revoke', times: 500, status: 503 });
    await disconnect(id);
    const { seconds } = await flow.one<{ seconds: number }>(
      'select extract(epoch from ends_at - db_now())::float8 as seconds from pending_revocations where workspace_id = $1',
      [flow.tenant.workspaceId],
    );
    expect(seconds > 3_500 && seconds <= 3_600).toBe(true);
  });
});
