import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pRetry from 'p-retry';
import { FinishAttempt, ProbeNow, ReadToken, RefreshAccount, SweepBrokenSeals, UpdateOAuthApp } from '#accounts';
import { Secret } from '#observability';
import { operatingFacts } from '#tokens';
import { CLIENT_SECRET, Flow } from './support/flow.js';
import { attemptsOf, eventsOf, grantOf } from './support/flow-rows.js';

/** Sealed rows that do not open, over the real exchanger and its socket. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const BROKEN = ['degraded', 'seal_broken'];
const ACTIVE = ['active', null];
const refused = { code: 'account.seal_broken', retryAfter: 60 };

interface Damage {
  table: string;
  owner: string;
  column: string;
}

/** Replaces bytes, and returns what restores them. */
async function damage({ table, owner, column }: Damage, id: string): Promise<() => Promise<unknown>> {
  const { bytes } = await flow.one<{ bytes: unknown }>(
    `select ${column} as bytes from ${table} where ${owner} = $1 and ${column} is not null`,
    [id],
  );
  const set = `update ${table} set ${column} = $2 where ${owner} = $1`;
  await flow.pool.query(set, [id, Buffer.isBuffer(bytes) ? bytes.map((byte) => byte ^ 1) : `${String(bytes)}-gone`]);
  return () => flow.pool.query(set, [id, bytes]);
}

const grantTokens = { table: 'grant_tokens', owner: 'grant_id', column: 'sealed_access' };
const appSecret = { table: 'oauth_app_secrets', owner: 'oauth_app_id', column: 'sealed_client_secret' };
const pageToken = { table: 'account_tokens', owner: 'account_id', column: 'sealed_access' };
const attemptTokens = { table: 'attempt_secrets', owner: 'attempt_id', column: 'sealed_token_set' };

const account = (id: string) => ({ tenant: flow.tenant, id });
const ways: [string, (id: string) => Promise<unknown>][] = [
  ['a forced refresh', (id) => flow.get(RefreshAccount).execute(account(id))],
  ['a probe', (id) => flow.get(ProbeNow).execute(account(id))],
  ['a read of the token', (id) => flow.get(ReadToken).execute({ ...account(id), minTtl: 0, readBy: null })],
];
const [refresh, probe, readToken] = ways.map(([, way]) => way) as [Way, Way, Way];
type Way = (typeof ways)[number][1];

const sweep = (): Promise<number> => flow.get(SweepBrokenSeals).execute();
const counted = async (): Promise<object[]> =>
  (await operatingFacts(flow.pool))
    .filter(({ name }) => name === 'evergrant_broken_seals')
    .map(({ labels, value }) => ({ ...labels, value }));

const waitingForLocks = async (): Promise<number> =>
  (
    await flow.one<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
  ).n;

describe('the tokens of a grant that do not open', () => {
  it.each(
    ways.flatMap(([name, way]) =>
      ['sealed_access', 'dek_wrapped', 'kek_id'].map((column) => [name, column, way] as const),
    ),
  )(
    'broken seals are noticed by %s where %s is damaged, and the account recovers with the bytes',
    async (_name, column, way) => {
      await flow.app('tiktok', { isDefault: true });
      const id = await flow.connect('tiktok');
      const { id: grantId } = await grantOf(flow, id);
      const restore = await damage({ ...grantTokens, column }, grantId);
      await expect(way(id)).rejects.toMatchObject(refused);
      expect(await flow.healthOf(id)).toEqual(BROKEN);
      expect(await counted()).toEqual([{ table: 'grant_tokens', value: 1 }]);
      await sweep();
      expect(await flow.healthOf(id)).toEqual(BROKEN);
      await restore();
      expect(await sweep()).toBe(1);
      expect(await flow.healthOf(id)).toEqual(ACTIVE);
      expect(await counted()).toEqual([]);
      expect(await flow.calls('token', 'refresh_token')).toEqual([]);
    },
  );

  it('broken seals that open again wait for a transaction that holds the grant and then takes its accounts, without a deadlock', async () => {
    await flow.app('tiktok', { isDefault: true });
    const id = await flow.connect('tiktok');
    const { id: grantId } = await grantOf(flow, id);
    const restore = await damage(grantTokens, grantId);
    await expect(readToken(id)).rejects.toMatchObject(refused);
    await restore();
    const refreshing = await flow.pool.connect();
    try {
      await refreshing.query('begin');
      await refreshing.query('select 1 from grants where id = $1 for update', [grantId]);
      const swept = sweep();
      const isWaiting = async (): Promise<void> => {
        expect(await waitingForLocks()).toBe(1);
      };
      await pRetry(isWaiting, { retries: 200, factor: 1, minTimeout: 20 });
      await refreshing.query('select 1 from accounts where grant_id = $1 for update', [grantId]);
      await refreshing.query('commit');
      expect(await swept).toBe(1);
    } finally {
      refreshing.release(true);
    }
    expect(await flow.healthOf(id)).toEqual(ACTIVE);
  });

  it('end in no revocation after the access token has ended, and are refreshed once they open', async () => {
    await flow.app('tiktok', { isDefault: true });
    const id = await flow.connect('tiktok');
    const { id: grantId } = await grantOf(flow, id);
    const restore = await damage(grantTokens, grantId);
    await flow.pass(130);
    await expect(readToken(id)).rejects.toMatchObject(refused);
    await expect(refresh(id)).rejects.toMatchObject(refused);
    expect(await flow.healthOf(id)).toEqual(BROKEN);
    expect((await grantOf(flow, id)).dueIn).toBeGreaterThan(60);
    await restore();
    await sweep();
    expect((await grantOf(flow, id)).dueIn).toBeLessThanOrEqual(0);
    expect(await refresh(id)).toMatchObject({ health: 'active' });
  });

  it('broken seals are replaced by a reconnect, which makes the account active at once', async () => {
    await flow.app('tiktok', { isDefault: true });
    const id = await flow.connect('tiktok');
    await damage(grantTokens, (await grantOf(flow, id)).id);
    await expect(readToken(id)).rejects.toMatchObject(refused);
    expect(await flow.connect('tiktok')).toBe(id);
    expect(await flow.healthOf(id)).toEqual(ACTIVE);
    expect((await eventsOf(flow, id)).map(({ data }) => data.reason).filter(Boolean)).toEqual(['seal_broken']);
    expect(await counted()).toEqual([]);
  });
});

describe('the own token of a Page that does not open', () => {
  it('degrades the Page at a read of the token and at a probe, until it opens again', async () => {
    await flow.app('facebook', { isDefault: true });
    const id = await flow.connect('facebook', 'one-page');
    const restore = await damage(pageToken, id);
    await expect(readToken(id)).rejects.toMatchObject(refused);
    expect(await flow.healthOf(id)).toEqual(BROKEN);
    await expect(probe(id)).rejects.toMatchObject(refused);
    expect(await counted()).toEqual([{ table: 'account_tokens', value: 1 }]);
    await restore();
    await sweep();
    expect(await flow.healthOf(id)).toEqual(ACTIVE);
  });
});

describe('the secret of an app that does not open', () => {
  it('degrades all its accounts, whose valid tokens are still served, until the app gets its secret again', async () => {
    const app = await flow.app('tiktok', { isDefault: true });
    const ids = [await flow.connect('tiktok'), await flow.connect('tiktok', 'paula')];
    await damage(appSecret, app);
    await expect(refresh(ids[0]!)).rejects.toMatchObject(refused);
    for (const id of ids) expect(await flow.healthOf(id)).toEqual(BROKEN);
    expect(await readToken(ids[0]!)).toMatchObject({ account: { id: ids[0] } });
    expect(await counted()).toEqual([{ table: 'oauth_app_secrets', value: 1 }]);
    await flow.get(UpdateOAuthApp).execute({ tenant: flow.tenant, id: app, clientSecret: new Secret(CLIENT_SECRET) });
    await sweep();
    // One grant has the turn to use the new secret first; the other one waits for its result.
    await pRetry(
      async () => {
        for (const id of ids) expect(await flow.healthOf(id)).toEqual(ACTIVE);
        expect(await refresh(ids[0]!)).toMatchObject({ health: 'active' });
      },
      { retries: 100, factor: 1, minTimeout: 50 },
    );
  });
});

describe('the token set of an attempt that does not open', () => {
  it('is counted, and the attempt completes once it opens', async () => {
    await flow.app('tiktok', { isDefault: true });
    const back = await flow.decide((await flow.start('tiktok')).authorizeUrl);
    await flow.fault({ provider: 'tiktok', endpoint: 'identity', times: 4, status: 503 });
    await flow.callback(back);
    const { id, status } = (await attemptsOf(flow)).at(-1)!;
    expect(status).toBe('exchanged');
    const restore = await damage(attemptTokens, id);
    expect(await flow.get(FinishAttempt).execute(id)).toMatchObject({ kind: 'later' });
    expect(await counted()).toEqual([{ table: 'attempt_secrets', value: 1 }]);
    await restore();
    await flow.sandbox.control('DELETE', '/faults');
    expect(await sweep()).toBe(1);
    expect(await counted()).toEqual([]);
    expect(await flow.get(FinishAttempt).execute(id)).toMatchObject({ kind: 'completed' });
  });
});
