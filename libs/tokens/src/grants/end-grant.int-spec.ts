import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { transaction } from '#persistence/sql';
import { endGrant } from '#tokens';
import { Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { makeProject } from '../../../../test/support/rows.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const end = (grantId: string, reason = 'deauthorized_by_user'): Promise<boolean> =>
  transaction(flow.pool, (tx) => endGrant(flow.context(), tx, grantId, { reason })).then(
    (ended) => ended !== undefined,
  );
const sealedOf = (grantId: string): Promise<{ pairs: number; orphans: number; pages: number }> =>
  flow.one(
    `select (select count(*)::int from grant_tokens where grant_id = $1) as pairs,
       (select count(*)::int from token_orphans join exchange_intents on id = intent_id where grant_id = $1) as orphans,
       (select count(*)::int from account_tokens join accounts on id = account_id where grant_id = $1) as pages`,
    [grantId],
  );

describe('a grant whose end the platform reports', () => {
  it('has no tokens any more, is never due again, and its account shows the reason at once', async () => {
    const account = await flow.connect('x');
    const before = await grantOf(flow, account);
    expect(await end(before.id)).toBe(true);
    expect(await grantOf(flow, account)).toMatchObject({
      version: String(Number(before.version) + 1),
      sealedVersion: null,
      state: 'ended',
      due: null,
    });
    expect(await sealedOf(before.id)).toEqual({ pairs: 0, orphans: 0, pages: 0 });
    expect(await flow.account(account)).toMatchObject({ health: 'needs_reauth', healthReason: 'deauthorized_by_user' });
    expect((await eventsOf(flow, account)).slice(1)).toMatchObject([
      {
        type: 'account.health_changed',
        data: { health: 'needs_reauth', reason: 'deauthorized_by_user', previous: 'active' },
      },
      { type: 'connection.revoked', data: { reason: 'deauthorized_by_user' } },
    ]);
  });

  it('ends for each of its accounts', async () => {
    const first = await flow.connect('x');
    const second = await flow.connect('x', 'happy', { projectId: await makeProject(flow.pool, flow.tenant) });
    const { id } = await grantOf(flow, first);
    expect((await grantOf(flow, second)).id).toBe(id);
    await end(id);
    for (const account of [first, second]) {
      expect(await flow.account(account)).toMatchObject({
        health: 'needs_reauth',
        healthReason: 'deauthorized_by_user',
      });
    }
  });

  it('takes the tokens that accounts have of their own with it, though these have no end', async () => {
    const account = await flow.connect('x');
    const { id } = await grantOf(flow, account);
    const { access } = (await flow.context().vault.openGrantTokens(flow.pool, { ...flow.tenant, id }))!;
    await flow.context().vault.sealAccountToken(flow.pool, { ...flow.tenant, id: account }, access);
    await flow.pool.query('update accounts set own_token = true where id = $1', [account]);
    await end(id);
    expect((await sealedOf(id)).pages).toBe(0);
    expect(await flow.account(account)).toMatchObject({ health: 'needs_reauth', healthReason: 'deauthorized_by_user' });
  });

  it('takes pairs with it that came too late and were kept beside it', async () => {
    const { id } = await grantOf(flow, await flow.connect('x'));
    const { access, refresh } = (await flow.context().vault.openGrantTokens(flow.pool, { ...flow.tenant, id }))!;
    const intent = await flow.one<{ id: string }>(
      `insert into exchange_intents (id, kind, grant_id, holder, state) values (gen_random_uuid(), 'refresh', $1, 'me', 'answered') returning id`,
      [id],
    );
    const orphan = {
      accessToken: access,
      refreshToken: refresh,
      expiresIn: null,
      refreshExpiresIn: null,
      scopes: null,
    };
    await flow.context().vault.sealOrphan(flow.pool, { ...flow.tenant, id: intent.id }, orphan);
    expect((await sealedOf(id)).orphans).toBe(1);
    await end(id);
    expect((await sealedOf(id)).orphans).toBe(0);
  });

  it('ends once: the second time nothing changes, not even for another reason', async () => {
    const account = await flow.connect('x');
    const { id } = await grantOf(flow, account);
    await end(id);
    const [before, events] = [await grantOf(flow, account), await eventsOf(flow, account)];
    expect(await end(id, 'suspended')).toBe(false);
    expect([await grantOf(flow, account), await eventsOf(flow, account)]).toEqual([before, events]);
  });

  it('keeps nothing of a refresh that was under way', async () => {
    const account = await flow.connect('x');
    const { id } = await grantOf(flow, account);
    await flow.pass(61);
    await flow.fault({ endpoint: 'token', delay_ms: 700 });
    const refreshing = flow.exchange().refresh(id, { forced: true });
    while ((await grantOf(flow, account)).state !== 'in_flight')
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    await end(id);
    expect(await refreshing).toEqual({ kind: 'nothing_to_do' });
    expect(await grantOf(flow, account)).toMatchObject({ state: 'ended', sealedVersion: null });
    expect(await sealedOf(id)).toEqual({ pairs: 0, orphans: 0, pages: 0 });
    expect(await flow.calls('revoke')).toHaveLength(1);
  });

  it('reports that nothing was there to end when there is no such grant', async () => {
    expect(await end('00000000-0000-7000-8000-000000000000')).toBe(false);
  });
});

describe('a person who comes back after the platform ended the grant', () => {
  it('gets the same accounts again, active, with new tokens', async () => {
    const account = await flow.connect('x');
    await end((await grantOf(flow, account)).id);
    expect(await flow.connect('x')).toBe(account);
    expect(await flow.account(account)).toMatchObject({ health: 'active', healthReason: null });
    expect(await grantOf(flow, account)).toMatchObject({ state: 'idle', sealedVersion: expect.any(String) });
  });
});
