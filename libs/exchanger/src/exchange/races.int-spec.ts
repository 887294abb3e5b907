import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { DisconnectAccount, FinishAttempt, RefreshAccount } from '#accounts';
import { Secret } from '#observability';
import { newId, transaction } from '#persistence/sql';
import { providerOf } from '#providers';
import { CLIENT_SECRET, Flow } from '../../../../test/support/flow.js';
import { attemptsOf, eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { ExchangeGate } from '../gate/exchange-gate.js';
import { API_DEADLINE, releaseExpiredClaims, Vault } from '#tokens';
import { ExchangeEngine } from './exchange-engine.js';
import { type Claim, claimGrant, markDispatched } from '#tokens/store';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const SLOW = { endpoint: 'token', delay_ms: 1_200 } as const;
const UNDER_WAY = 300;
const refreshes = () => flow.calls('token', 'refresh_token');
const tokensOf = (grantId: string) => flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId });
const orphans = () =>
  flow.many(
    'select intent_id from token_orphans join exchange_intents on id = intent_id join grants on grants.id = grant_id where workspace_id = $1',
    [flow.tenant.workspaceId],
  );
/** Whether the platform takes the access token that is stored. */
async function works(grantId: string): Promise<boolean> {
  const request = providerOf('x').identity.request((await tokensOf(grantId))!.access, []);
  const { status } = await flow.context().client.send(request, { environment: 'test', within: API_DEADLINE });
  return status === 200;
}

async function due(persona = 'happy'): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect('x', persona);
  await flow.pass(102);
  return { id, grantId: (await grantOf(flow, id)).id };
}

/** A refresh that the platform has carried out and not answered yet. */
async function underWay(grantId: string): Promise<{ running: Promise<unknown> }> {
  await flow.fault(SLOW);
  const running = flow.exchange().refresh(grantId);
  await pause(UNDER_WAY);
  expect(await flow.one('select refresh_state as state from grants where id = $1', [grantId])).toEqual({
    state: 'in_flight',
  });
  return { running };
}

describe('a person who reconnects while a refresh is under way', () => {
  it('has the new pair; the late one is put aside', async () => {
    const { id, grantId } = await due();
    const { running } = await underWay(grantId);
    expect(await flow.connect('x')).toBe(id);
    const connected = (await tokensOf(grantId))!.access.reveal();
    expect(await running).toEqual({ kind: 'nothing_to_do' });
    expect((await tokensOf(grantId))!.access.reveal()).toBe(connected);
    expect(await grantOf(flow, id)).toMatchObject({ version: '2', sealedVersion: '2', state: 'idle' });
    expect(await orphans()).toHaveLength(1);
    expect(await works(grantId)).toBe(true);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('has the new pair also where the late one is stored between the two halves of connecting', async () => {
    const { id, grantId } = await due();
    const { running } = await underWay(grantId);
    const { authorizeUrl } = await flow.start('x');
    const code = (await flow.decide(authorizeUrl)).searchParams.get('code')!;
    const attempt = (await attemptsOf(flow)).find(({ status }) => status === 'pending')!;
    await flow.pool.query('update connect_attempts set spent_at = db_now() where id = $1', [attempt.id]);
    expect(await flow.exchange(1).exchangeCode(attempt.id, new Secret(code))).toEqual({ kind: 'exchanged' });
    await running;
    expect(await flow.get(FinishAttempt, 1).execute(attempt.id)).toEqual({ kind: 'completed', accountIds: [id] });
    expect(await works(grantId)).toBe(true);
  });

  it('has the new pair where the refresh then fails, and nothing is held against it', async () => {
    const { id, grantId } = await due();
    await flow.pool.query(`update grants set refresh_state = 'backoff', attempt = 3 where id = $1`, [grantId]);
    await flow.fault({ ...SLOW, status: 503 });
    const running = flow.exchange().refresh(grantId);
    await pause(UNDER_WAY);
    await flow.connect('x');
    await running;
    expect(await grantOf(flow, id)).toMatchObject({ version: '2', state: 'idle', attempt: 0 });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });
});

describe('an account that is disconnected while a refresh is under way', () => {
  it('has nothing stored afterwards, and the late pair is revoked at the platform', async () => {
    const { id, grantId } = await due();
    const { running } = await underWay(grantId);
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await running;
    expect(await tokensOf(grantId)).toBeNull();
    expect(await orphans()).toEqual([]);
    expect(await flow.healthOf(id)).toEqual(['disconnected', null]);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'ended', due: null });
    expect((await flow.calls('revoke')).map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    expect((await eventsOf(flow, id)).at(-1)).toMatchObject({ type: 'account.disconnected' });
  });

  it('stays ended where the refresh then fails', async () => {
    const { id, grantId } = await due();
    await flow.fault({ ...SLOW, status: 503 });
    const running = flow.exchange().refresh(grantId);
    await pause(UNDER_WAY);
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await running;
    expect(await grantOf(flow, id)).toMatchObject({ state: 'ended', due: null });
    expect(await flow.healthOf(id)).toEqual(['disconnected', null]);
  });

  it('an account that is reconnected at once has the new pair', async () => {
    const { id, grantId } = await due();
    const { running } = await underWay(grantId);
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    const again = await flow.connect('x');
    expect(again).not.toBe(id);
    await running;
    await pause(100);
    expect(await works(grantId)).toBe(true);
    expect(await flow.healthOf(again)).toEqual(['active', null]);
  });
});

describe('a process that ended in the middle of a refresh', () => {
  /** What it leaves behind: a claim, and where it had sent its request, the mark that it had. */
  async function abandonRefresh(grantId: string, { sent }: { sent: boolean }): Promise<Claim> {
    return transaction(flow.pool, async (tx) => {
      const claim = await claimGrant(tx, grantId, { holder: 'an ended host', forced: false });
      if (sent) await markDispatched(tx, claim!, Buffer.from('fingerprint'));
      return claim!;
    });
  }
  const stateOf = (grantId: string) =>
    flow.one('select refresh_state as state, claim_holder as holder from grants where id = $1', [grantId]);

  /** Its claim has ended, and so has the last call. */
  async function unheard(): Promise<void> {
    await flow.pass(151);
    await releaseExpiredClaims(flow.pool);
    await flow.pass(21);
    await releaseExpiredClaims(flow.pool);
  }

  it('keeps its claim for 150 seconds, in which nothing is sent', async () => {
    const { grantId } = await due();
    await abandonRefresh(grantId, { sent: true });
    await flow.pass(148);
    await releaseExpiredClaims(flow.pool);
    expect(await flow.exchange().refresh(grantId, { forced: true })).toMatchObject({ kind: 'unavailable' });
    expect(await stateOf(grantId)).toEqual({ state: 'in_flight', holder: 'an ended host' });
    expect(await refreshes()).toEqual([]);
  });

  it('before it sent anything costs nothing: the next one sends', async () => {
    const { id, grantId } = await due();
    await abandonRefresh(grantId, { sent: false });
    await flow.pass(151);
    await releaseExpiredClaims(flow.pool);
    expect(await stateOf(grantId)).toEqual({ state: 'idle', holder: null });
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await refreshes()).toHaveLength(1);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('after it sent, which did not arrive, costs nothing: it is sent again', async () => {
    const { id, grantId } = await due();
    await abandonRefresh(grantId, { sent: true });
    await unheard();
    expect(await stateOf(grantId)).toEqual({ state: 'unknown', holder: null });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('after it sent is called once more before its claim is taken: after an outage of the database it may live, answer in hand', async () => {
    const { grantId } = await due();
    const { running } = await underWay(grantId);
    await flow.pass(151);
    await releaseExpiredClaims(flow.pool);
    expect(await flow.exchange(1).refresh(grantId, { forced: true })).toMatchObject({ kind: 'unavailable' });
    expect(await running).toEqual({ kind: 'refreshed' });
    await flow.pass(21);
    await releaseExpiredClaims(flow.pool);
    expect(await stateOf(grantId)).toEqual({ state: 'idle', holder: null });
    expect(await refreshes()).toHaveLength(1);
  });

  it('has as long for its answer as any, however late it noted that it sends', async () => {
    const { grantId } = await due();
    const claim = await transaction(flow.pool, (tx) => claimGrant(tx, grantId, { holder: 'the slow', forced: false }));
    await flow.pass(140);
    await transaction(flow.pool, (tx) => markDispatched(tx, claim!, Buffer.from('fingerprint')));
    await flow.pass(148);
    await releaseExpiredClaims(flow.pool);
    expect(await stateOf(grantId)).toEqual({ state: 'in_flight', holder: 'the slow' });
  });

  it('after the platform rotated leaves a grant of unknown fate, which has a reason of its own', async () => {
    const { id, grantId } = await due();
    const { clientId } = await flow.one<{ clientId: string }>(
      'select client_id as "clientId" from grants join oauth_apps on oauth_apps.id = oauth_app_id where grants.id = $1',
      [grantId],
    );
    await abandonRefresh(grantId, { sent: true });
    const app = { clientId, clientSecret: new Secret(CLIENT_SECRET) };
    const request = providerOf('x').refresh.request({
      app,
      refreshToken: (await tokensOf(grantId))!.refresh!,
    } as never);
    await flow.context().client.send(request, { environment: 'test', within: API_DEADLINE });
    await unheard();
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_outcome_unknown']);
  });

  it('a process that was suspended has lost its claim: it sends nothing', async () => {
    const { grantId } = await due();
    const claim = await abandonRefresh(grantId, { sent: false });
    await flow.pass(151);
    await releaseExpiredClaims(flow.pool);
    expect(await transaction(flow.pool, (tx) => markDispatched(tx, claim, Buffer.from('fingerprint')))).toBe(false);
  });
});

describe('the button that refreshes', () => {
  const press = (id: string, process = 0) => flow.get(RefreshAccount, process).execute({ tenant: flow.tenant, id });

  it('joins a refresh that another process runs', async () => {
    const { id, grantId } = await due();
    const { running } = await underWay(grantId);
    const answer = await press(id, 1);
    await running;
    expect(answer).toMatchObject({ id, health: 'active' });
    expect(answer.tokenExpiresAt).toEqual((await flow.account(id)).tokenExpiresAt);
    expect(await refreshes()).toHaveLength(1);
  });

  it.each([
    [
      'requires an action of its owner',
      { status: 403, body: { errors: [{ code: 326, message: 'To protect our users from spam…' }] } },
      'unavailable',
    ],
    ['fails', { status: 503 }, 'unavailable'],
  ])(
    'every caller gets the same outcome of a platform that %s, whichever process runs the refresh',
    async (_what, fault, kind) => {
      const { grantId } = await due();
      await flow.fault({ ...SLOW, ...fault });
      const running = flow.exchange().refresh(grantId, { forced: true });
      await pause(UNDER_WAY);
      expect(await flow.exchange(1).refresh(grantId, { forced: true, maxWait: 10_000 })).toMatchObject({ kind });
      expect(await running).toMatchObject({ kind });
    },
  );

  it('is refreshed although it joins a run that finds nothing due', async () => {
    const { id, grantId } = await due();
    await flow.exchange().refresh(grantId);
    await flow.pass(61);
    expect((await grantOf(flow, id)).dueIn).toBeGreaterThan(0);
    const exchange = new ExchangeEngine(flow.context());
    const [swept, first, second] = [false, true, true].map((forced) => exchange.refresh(grantId, { forced }));
    expect(await swept).toEqual({ kind: 'nothing_to_do' });
    expect([await first, await second]).toEqual([{ kind: 'refreshed' }, { kind: 'refreshed' }]);
    expect(await refreshes()).toHaveLength(2);
  });

  it('does not wait for all that is due before it, though its own refresh was due and waits already', async () => {
    const hanna = await due();
    await flow.pass(60);
    const omar = { grantId: (await grantOf(flow, await flow.connect('x', 'omar'))).id };
    await flow.pass(102);
    const gate = new ExchangeGate({ perSecond: 50, inFlight: 1, waiting: 10 });
    const exchange = new ExchangeEngine({ ...flow.context(), gate });
    const pass = await gate.enter({
      ...flow.tenant,
      grantId: newId(),
      appId: newId(),
      platform: 'test/x',
      urgency: 'due',
      accessExpiresAt: null,
    });
    const order: string[] = [];
    const ends = [hanna, omar].map(async ({ grantId }) => {
      await exchange.refresh(grantId);
      order.push(grantId);
    });
    while (gate.waiting < 2) await pause(10);
    const pressed = exchange.refresh(omar.grantId, { forced: true });
    if (pass.kind === 'admitted') pass.release('ok');
    expect(await pressed).toEqual({ kind: 'refreshed' });
    await Promise.all(ends);
    expect(order).toEqual([omar.grantId, hanna.grantId]);
  });
});
