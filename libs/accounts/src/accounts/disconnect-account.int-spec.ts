import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '#observability';
import type { Tx } from '#persistence';
import { Vault } from '#tokens';
import { Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf, outboxOf } from '../../../../test/support/flow-rows.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';
import { type Posts, POSTS } from '../injection.js';
import { DisconnectAccount } from './disconnect-account.js';
import { ListAccounts } from './list-accounts.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const disconnect = (id: string, process = 0, tenant = flow.tenant) =>
  flow.get(DisconnectAccount, process).execute({ tenant, id });
const tokensOf = (grantId: string) => flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId });
const sealed = (grantId: string) => flow.many('select 1 from grant_tokens where grant_id = $1', [grantId]);

/** The revocation follows the answer. */
async function revocations(expected: number): Promise<{ outcome: string }[]> {
  for (let rounds = 0; rounds < 60; rounds += 1) {
    const calls = await flow.calls('revoke');
    if (calls.length >= expected) return calls;
    await pause(50);
  }
  return flow.calls('revoke');
}

describe('disconnecting', () => {
  it.each(['x', 'tiktok'])(
    'destroys the tokens of an account at %s, records the event, and revokes them at the platform',
    async (provider) => {
      const id = await flow.connect(provider);
      const { id: grantId } = await grantOf(flow, id);
      await disconnect(id);
      expect(await sealed(grantId)).toEqual([]);
      expect(await grantOf(flow, id)).toMatchObject({ state: 'ended', due: null, version: '2' });
      expect(await flow.account(id)).toMatchObject({ health: 'disconnected', healthReason: null, nextRefreshAt: null });
      expect((await eventsOf(flow, id)).map(({ type }) => type)).toEqual(['account.connected', 'account.disconnected']);
      expect(await revocations(1)).toMatchObject([{ outcome: 'ok' }]);
    },
  );

  it('destroys a pair that came too late for its grant as well', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    const intent = await flow.one<{ id: string }>(
      `insert into exchange_intents (id, kind, grant_id, holder, state) values (gen_random_uuid(), 'refresh', $1, 'me', 'answered') returning id`,
      [grantId],
    );
    const late = {
      accessToken: new Secret('a'),
      refreshToken: new Secret('r'),
      expiresIn: null,
      refreshExpiresIn: null,
      scopes: null,
    };
    await flow.get(Vault).sealOrphan(flow.pool, { ...flow.tenant, id: intent.id }, late);
    await disconnect(id);
    expect(await flow.many('select 1 from token_orphans where intent_id = $1', [intent.id])).toEqual([]);
  });

  it('leaves nothing to refresh', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    await disconnect(id);
    await flow.pass(200);
    for (const forced of [false, true]) await flow.exchange().refresh(grantId, { forced });
    expect(await flow.calls('token', 'refresh_token')).toEqual([]);
  });

  it('is one transaction: where its last step fails nothing has changed', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    const before = (await tokensOf(grantId))!.access.reveal();
    await flow.pool.query(`
      create function refuse_to_end() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse_to_end before update on grants for each row when (new.refresh_state = 'ended') execute function refuse_to_end()`);
    await expect(disconnect(id)).rejects.toThrow('no');
    await flow.pool.query('drop trigger refuse_to_end on grants; drop function refuse_to_end()');
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
    expect((await tokensOf(grantId))!.access.reveal()).toBe(before);
    expect((await eventsOf(flow, id)).map(({ type }) => type)).toEqual(['account.connected']);
    expect(await outboxOf(flow, id)).toHaveLength(1);
    await pause(200);
    expect(await flow.calls('revoke')).toEqual([]);
    await disconnect(id);
    expect(await sealed(grantId)).toEqual([]);
  });

  it('cancels the queued posts of the account in its transaction, counts them, and does not happen where that fails', async () => {
    const posts = flow.get<Posts>(POSTS);
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    const inTransaction = async (tx: Tx, accountId: string): Promise<number> => {
      const { rows } = await tx.query<{ health: string }>('select health from accounts where id = $1', [accountId]);
      expect([rows[0]?.health, (await flow.account(accountId)).health]).toEqual(['disconnected', 'active']);
      return 3;
    };
    const canceled = jest.spyOn(posts, 'cancelPostsOf').mockRejectedValueOnce(new Error('no posts'));
    await expect(disconnect(id)).rejects.toThrow('no posts');
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
    expect(await sealed(grantId)).toHaveLength(1);
    canceled.mockImplementationOnce(inTransaction);
    expect(await disconnect(id)).toMatchObject({ canceledPosts: 3 });
    expect(canceled.mock.calls.map(([, account]) => account)).toEqual([id, id]);
    canceled.mockRestore();
  });

  it('happens without its event never', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    await flow.pool.query(`
      create function refuse_events() returns trigger language plpgsql as $$ begin raise exception 'no events'; end $$;
      create trigger refuse_events before insert on account_events for each row execute function refuse_events()`);
    await expect(disconnect(id)).rejects.toThrow('no events');
    await flow.pool.query('drop trigger refuse_events on account_events; drop function refuse_events()');
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
    expect(await sealed(grantId)).toHaveLength(1);
  });

  it('keeps the other of two accounts on a grant working, and revokes nothing until the last is disconnected', async () => {
    const first = await flow.connect('x');
    const second = await flow.connect('x', 'happy', { projectId: await makeProject(flow.pool, flow.tenant) });
    const { id: grantId } = await grantOf(flow, second);
    await disconnect(first);
    await pause(200);
    expect(await flow.calls('revoke')).toEqual([]);
    expect(await flow.account(second)).toMatchObject({ health: 'active' });
    await flow.pass(102);
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect((await eventsOf(flow, first)).map(({ type }) => type)).toEqual([
      'account.connected',
      'account.disconnected',
    ]);
    await disconnect(second);
    expect(await sealed(grantId)).toEqual([]);
    expect(await revocations(1)).toMatchObject([{ outcome: 'ok' }]);
  });

  it('is done once by two that do it at the same moment', async () => {
    const id = await flow.connect('x');
    const outcomes = await Promise.allSettled([disconnect(id, 0), disconnect(id, 1)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await eventsOf(flow, id)).map(({ type }) => type)).toEqual(['account.connected', 'account.disconnected']);
  });

  it("again, of an unknown account, or of another tenant's finds no account", async () => {
    const id = await flow.connect('x');
    await expect(disconnect(id, 0, await makeTenant(flow.pool))).rejects.toMatchObject({ code: 'account.not_found' });
    await expect(disconnect(id, 0, { ...flow.tenant, environment: 'live' })).rejects.toMatchObject({
      code: 'account.not_found',
    });
    await expect(disconnect('01936f8c-0000-7000-8000-000000000000')).rejects.toMatchObject({
      code: 'account.not_found',
    });
    await disconnect(id);
    await expect(disconnect(id)).rejects.toMatchObject({ code: 'account.not_found' });
  });

  it('does not wait for the platform, nor fail with it', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'revoke', delay_ms: 3_000, drop: 'before' });
    const began = Date.now();
    await disconnect(id);
    expect(Date.now() - began).toBeLessThan(2_000);
    expect(await flow.account(id)).toMatchObject({ health: 'disconnected' });
  });

  it('makes a new account for a later connect; the old one can still be read', async () => {
    const id = await flow.connect('x');
    await disconnect(id);
    const again = await flow.connect('x');
    expect(again).not.toBe(id);
    expect(await flow.account(id)).toMatchObject({ health: 'disconnected' });
    expect(await flow.account(again)).toMatchObject({ health: 'active' });
    const list = (filters = {}) => flow.get(ListAccounts).execute({ tenant: flow.tenant, filters, limit: 10 });
    expect((await list()).items.map((account) => account.id)).toEqual([again]);
    expect((await list({ health: 'disconnected' })).items.map((account) => account.id)).toEqual([id]);
    await revocations(1);
    await flow.pass(102);
    expect(await flow.exchange().refresh((await grantOf(flow, again)).id)).toEqual({ kind: 'refreshed' });
  });

  it('revokes nothing where the person has come back before the next try of the revocation', async () => {
    const id = await flow.connect('x');
    await flow.fault({ endpoint: 'revoke', status: 503 });
    await disconnect(id);
    expect(await revocations(1)).toMatchObject([{ status: 503 }]);
    const again = await flow.connect('x');
    const pending = await flow.one<{ id: string }>('select id from pending_revocations where workspace_id = $1', [
      flow.tenant.workspaceId,
    ]);
    await flow.pass(20);
    expect(await flow.exchange().revoke(pending.id)).toBe(false);
    expect(await flow.many('select id from pending_revocations where id = $1', [pending.id])).toEqual([]);
    expect(await flow.calls('revoke')).toHaveLength(1);
    expect(await flow.account(again)).toMatchObject({ health: 'active' });
  });
});
