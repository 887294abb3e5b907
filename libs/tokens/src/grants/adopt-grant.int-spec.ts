import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { newId, type Tenant } from '#persistence';
import { transaction } from '#persistence/sql';
import { Flow } from '../../../../test/support/flow.js';
import { makeTenant } from '../../../../test/support/rows.js';
import { Vault } from '../vault.js';
import { adoptGrant } from './adopt-grant.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

const strangers: [string, () => Promise<Tenant>][] = [
  ['another workspace', () => makeTenant(flow.pool)],
  ['the other environment of the workspace', () => Promise.resolve({ ...flow.tenant, environment: 'live' })],
];

/** A grant of a tenant at an app of another one; no flow writes it. */
async function copyGrant(id: string, { workspaceId, environment }: Tenant): Promise<void> {
  await flow.pool.query(
    `insert into grants select (jsonb_populate_record(g, jsonb_build_object('id', $2::text, 'workspace_id', $3::text,
       'environment', $4::text))).* from grants g where id = $1`,
    [id, newId(), workspaceId, environment],
  );
}

describe('a consent that is older than the stored one of its person', () => {
  it.each(strangers)(
    'leaves the stored one in place, and finds no grant of %s at the same app',
    async (_who, stranger) => {
      await flow.begin();
      await flow.connect('x');
      const { tenant } = flow;
      const grant = await flow.one<{ id: string; oauthAppId: string; platformUserId: string }>(
        `select id, oauth_app_id as "oauthAppId", platform_user_id as "platformUserId" from grants where workspace_id = $1`,
        [tenant.workspaceId],
      );
      const { id } = await flow.one<{ id: string }>('select id from connect_attempts where workspace_id = $1', [
        tenant.workspaceId,
      ]);
      await copyGrant(grant.id, await stranger());
      // Behind the copy in the table, where a search without the tenant finds the copy first.
      await flow.pool.query('update grants set scopes = scopes where id = $1', [grant.id]);
      const attempt = {
        ...tenant,
        id,
        provider: 'x',
        oauthAppId: grant.oauthAppId,
        scopes: [],
        exchangedAt: new Date(),
        consentSequence: '0',
      };
      const { platformUserId } = grant;
      const identity = { platformUserId, platformAccountId: '1', handle: null, displayName: null, avatarUrl: null };
      const adopted = await transaction(flow.pool, async (tx) => {
        for (const plan of ['indexscan', 'bitmapscan']) await tx.query(`set local enable_${plan} = off`);
        await flow.get(Vault).sealAttemptTokens(tx, attempt, {
          accessToken: new Secret('an earlier one'),
          refreshToken: null,
          expiresIn: 7_200,
          refreshExpiresIn: null,
          scopes: ['tweet.read'],
        });
        return adoptGrant(flow.context(), tx, attempt, identity);
      });
      expect(adopted.grantId).toBe(grant.id);
    },
  );
});

describe('a consent without a refresh token', () => {
  const expiresIn = { expiresIn: 7_200, refreshExpiresIn: null, scopes: null };

  it.each([
    ['keeps', 'works more than once', 'linkedin', 'static', null],
    ['drops', 'was refused', 'linkedin', 'none', 'grant_revoked'],
    ['drops', 'works once', 'x', 'none', null],
  ])('%s the stored refresh token where it %s', async (_what, _how, provider, mode, endedReason) => {
    await flow.begin();
    if (provider !== 'x') await flow.app(provider);
    const accountId = await flow.connect(provider);
    const { tenant, pool } = flow;
    const vault = flow.get(Vault);
    const grant = await flow.one<{ id: string; oauthAppId: string; platformUserId: string; end: Date | null }>(
      `select id, oauth_app_id as "oauthAppId", platform_user_id as "platformUserId", refresh_expires_at as end
       from grants where workspace_id = $1`,
      [tenant.workspaceId],
    );
    await pool.query('update grants set ended_reason = $2 where id = $1', [grant.id, endedReason]);
    const before = (await vault.openGrantTokens(pool, { ...tenant, id: grant.id }))!;
    const { id } = await flow.one<{ id: string }>('select id from connect_attempts where workspace_id = $1', [
      tenant.workspaceId,
    ]);
    const { oauthAppId, platformUserId } = grant;
    const attempt = { ...tenant, id, provider, oauthAppId, scopes: [], exchangedAt: new Date(), consentSequence: null };
    const identity = { platformUserId, platformAccountId: '1', handle: null, displayName: null, avatarUrl: null };
    await transaction(pool, async (tx) => {
      const tokens = { accessToken: new Secret('a new one'), refreshToken: null, ...expiresIn };
      await vault.sealAttemptTokens(tx, attempt, tokens);
      return adoptGrant(flow.context(), tx, attempt, identity);
    });
    const after = (await vault.openGrantTokens(pool, { ...tenant, id: grant.id }))!;
    expect(after.access.reveal()).toBe('a new one');
    expect(after.refresh?.reveal()).toBe(mode === 'static' ? before.refresh?.reveal() : undefined);
    expect(await flow.one('select mode, refresh_expires_at as end from grants where id = $1', [grant.id])).toEqual({
      mode,
      end: mode === 'static' ? grant.end : null,
    });
    expect(await flow.healthOf(accountId)).toEqual(['active', null]);
  });
});
