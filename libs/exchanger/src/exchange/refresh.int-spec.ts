import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { Vault } from '#tokens';
import { awaitRunning } from './exchange-engine.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const MAX_WAIT = 10_000;
const refreshes = () => flow.calls('token', 'refresh_token');
const accessOf = async (grantId: string): Promise<string> =>
  (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId }))!.access.reveal();

/** An account whose refresh is due. */
async function due(provider = 'x', persona = 'happy'): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect(provider, persona);
  await flow.pass(102);
  return { id, grantId: (await grantOf(flow, id)).id };
}

describe('a refresh', () => {
  it.each(['x', 'tiktok'])(
    'a refresh at %s replaces the pair, seals it under the next version and is due again at four fifths of its lifetime',
    async (provider) => {
      const { id, grantId } = await due(provider);
      const before = await accessOf(grantId);
      expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
      const grant = await grantOf(flow, id);
      expect(grant).toMatchObject({ version: '2', sealedVersion: '2', state: 'idle', attempt: 0 });
      expect(grant.dueIn).toBeGreaterThan(120 * 0.76 - 5);
      expect(grant.dueIn).toBeLessThan(120 * 0.84);
      expect(await accessOf(grantId)).not.toBe(before);
      expect(await flow.account(id)).toMatchObject({ health: 'active', tokenExpiresAt: grant.expiresAt });
      expect(await refreshes()).toMatchObject([{ outcome: 'ok' }]);
      expect((await eventsOf(flow, id)).map(({ type }) => type)).toEqual(['account.connected', 'account.refreshed']);
    },
  );

  it('continues indefinitely: each refresh sends the token of the previous one', async () => {
    const { id, grantId } = await due();
    for (let round = 0; round < 4; round += 1) {
      expect(await flow.exchange(round % 2).refresh(grantId)).toEqual({ kind: 'refreshed' });
      await flow.pass(102);
    }
    expect(await grantOf(flow, id)).toMatchObject({ version: '5', sealedVersion: '5' });
    expect((await refreshes()).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('is not sent before it is due', async () => {
    const id = await flow.connect('x');
    await flow.pass(85);
    expect(await flow.exchange().refresh((await grantOf(flow, id)).id)).toEqual({ kind: 'nothing_to_do' });
    expect(await refreshes()).toEqual([]);
  });

  it('is not sent twice within a minute for any caller', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    const force = () => flow.exchange().refresh(grantId, { forced: true });
    expect(await force()).toEqual({ kind: 'fresh' });
    await flow.pass(61);
    expect(await force()).toEqual({ kind: 'refreshed' });
    expect(await force()).toEqual({ kind: 'fresh' });
    await flow.pass(58);
    expect(await force()).toEqual({ kind: 'fresh' });
    expect(await refreshes()).toHaveLength(1);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
  });

  it('shows at once that it brought fewer scopes than an account needs', async () => {
    const { id, grantId } = await due();
    const body = {
      token_type: 'bearer',
      expires_in: 7_200,
      access_token: 'narrow',
      refresh_token: 'next',
      scope: 'tweet.read users.read',
    };
    await flow.fault({ endpoint: 'token', status: 200, body });
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await flow.account(id)).toMatchObject({ health: 'missing_permissions', healthReason: 'scope_missing' });
  });

  it('is due a minute after the last one where the platform gives shorter lifetimes', async () => {
    const id = await flow.connect('x', 'short-lived');
    expect((await grantOf(flow, id)).dueIn).toBeGreaterThan(55);
    expect((await grantOf(flow, id)).dueIn).toBeLessThanOrEqual(60);
  });

  it('keeps the refresh token where the platform gives no new one', async () => {
    const { id, grantId } = await due();
    const body = { access_token: 'another-access-token', token_type: 'bearer', expires_in: 120 };
    await flow.fault({ endpoint: 'token', status: 200, body });
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await accessOf(grantId)).toBe('another-access-token');
    await flow.pass(102);
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await grantOf(flow, id)).toMatchObject({ version: '3' });
  });
});

describe('many callers of one refresh', () => {
  it('share one call in one process', async () => {
    const { grantId } = await due();
    await flow.fault({ endpoint: 'token', delay_ms: 200 });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => flow.exchange().refresh(grantId, { forced: true, maxWait: MAX_WAIT })),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['refreshed']));
    expect(await refreshes()).toHaveLength(1);
  });

  it('share one call over two processes, and all receive its result', async () => {
    const { id, grantId } = await due();
    await flow.fault({ endpoint: 'token', delay_ms: 300 });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => flow.exchange(n % 2).refresh(grantId, { forced: true, maxWait: MAX_WAIT })),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['refreshed']));
    expect(await refreshes()).toMatchObject([{ outcome: 'ok' }]);
    expect(await grantOf(flow, id)).toMatchObject({ version: '2', state: 'idle' });
  });

  it('receive the success when they begin to wait as it ends', async () => {
    const { grantId } = await due();
    await flow.exchange().refresh(grantId);
    expect(await awaitRunning(flow.context(1), grantId, MAX_WAIT)).toEqual({ kind: 'refreshed' });
  });

  it('never receive a failure where the exchange succeeded, however close they come to its end', async () => {
    const { grantId } = await due();
    for (let round = 0; round < 12; round += 1) {
      const [one, other] = await Promise.all([
        flow.exchange(0).refresh(grantId, { forced: true, maxWait: MAX_WAIT }),
        flow.exchange(1).refresh(grantId, { forced: true, maxWait: MAX_WAIT }),
      ]);
      for (const { kind } of [one, other]) expect(['refreshed', 'fresh', 'nothing_to_do']).toContain(kind);
      await flow.pass(61);
    }
    expect(await refreshes()).toHaveLength(12);
  });

  it('receive the failure of the platform', async () => {
    const { grantId } = await due();
    await flow.fault({ endpoint: 'token', delay_ms: 300, status: 503 });
    const outcomes = await Promise.all(
      [0, 1].map((n) => flow.exchange(n).refresh(grantId, { forced: true, maxWait: MAX_WAIT })),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable']);
    expect((await flow.calls('token')).map(({ outcome }) => outcome)).toEqual(['ok', 'fault']);
  });

  it('receive the refusal of the platform', async () => {
    const { grantId } = await due();
    await flow.revoke();
    await flow.fault({ endpoint: 'token', delay_ms: 300 });
    const outcomes = await Promise.all(
      [0, 1].map((n) => flow.exchange(n).refresh(grantId, { forced: true, maxWait: MAX_WAIT })),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'refused']);
  });

  it('receive the refusal of the app', async () => {
    const { grantId } = await due();
    await flow.fault({ endpoint: 'token', delay_ms: 300, status: 401, body: { error: 'invalid_client' } });
    const outcomes = await Promise.all(
      [0, 1].map((n) => flow.exchange(n).refresh(grantId, { forced: true, maxWait: MAX_WAIT })),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['app_paused', 'app_paused']);
  });
});
