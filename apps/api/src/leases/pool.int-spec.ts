import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';
import { IN_TEST, openTenant, operatorToken } from '../../../../test/support/tenant-world.js';

let service: ConnectedApi;
let operator: string;

beforeAll(async () => {
  service = await ConnectedApi.open();
  // The operator's own app is in the same workspace as the app of the tests.
  operator = await operatorToken(service.api, 'default');
});
afterAll(() => service.close());

/** The fields that the tests read; each answer has some of them. */
interface Body extends Record<'leasedAccountId' | 'authorizeUrl', string> {
  items: Body[];
  error: { code: string };
}

const remove = (id: string): Promise<Response> =>
  service.api.call(`/v1/operator/pool/${id}`, { method: 'DELETE', as: operator, headers: IN_TEST });

async function fill(body: object, key = ''): Promise<{ status: number; replayed: string | null; body: Body }> {
  const headers = { ...IN_TEST, 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) };
  const init = { method: 'POST', as: operator, headers, body: JSON.stringify(body) };
  const response = await service.api.call('/v1/operator/pool', init);
  const replayed = response.headers.get('idempotency-replayed');
  return { status: response.status, replayed, body: (await response.json()) as Body };
}

describe('the pool', () => {
  it('stores tokens once under an Idempotency-Key, and ignores the key where a state is minted', async () => {
    const supplied = {
      platform: 'x',
      platformAccountId: '3003',
      credentials: { accessToken: 'a-token' },
      verify: false,
    };
    const first = await fill(supplied, 'pool-1');
    expect([first.status, first.replayed]).toEqual([201, null]);
    expect(await fill(supplied, 'pool-1')).toEqual({ ...first, replayed: 'true' });
    expect((await fill({ ...supplied, platformAccountId: '3004' }, 'pool-1')).status).toBe(409);
    const [one, two] = [
      await fill({ platform: 'x', connect: true }, 'pool-2'),
      await fill({ platform: 'x', connect: true }, 'pool-2'),
    ];
    expect([one.status, two.status, two.replayed]).toEqual([201, 201, null]);
    expect(two.body.authorizeUrl).not.toBe(one.body.authorizeUrl);
  });

  it('loses an account that is removed, unless it is leased', async () => {
    const tenant = await openTenant(service, 'lessee');
    const { rows } = await service.pool.query<{ id: string }>(
      'select pool_account_id as id from leases where ended_at is null',
    );
    const refused = await remove(rows[0]!.id);
    expect([refused.status, ((await refused.json()) as Body).error.code]).toEqual([409, 'CONFLICT']);
    const released = await service.api.call(`/v1/leased-accounts/${tenant.rows.leased}`, {
      ...{ method: 'DELETE', as: tenant.keys.test },
    });
    expect(released.status).toBe(200);
    expect([(await remove(rows[0]!.id)).status, (await remove(rows[0]!.id)).status]).toEqual([204, 404]);
    const health = await service.api.call(`/v1/social-accounts/${tenant.rows.leased}/health`, { as: tenant.keys.test });
    expect(await health.json()).toMatchObject({ provisioning: { state: 'released', steps: [] } });
    const listed = await service.api.call('/v1/operator/pool?limit=100', { as: operator, headers: IN_TEST });
    const ids = ((await listed.json()) as Body).items.map(({ leasedAccountId }) => leasedAccountId);
    expect(ids).toContain(tenant.rows.pooled);
    expect((await remove(tenant.rows.pooled)).status).toBe(204);
  });

  it('gets nothing from a consent whose entry was removed before it ended', async () => {
    const { body } = await fill({ platform: 'x', connect: true });
    expect((await remove(body.leasedAccountId)).status).toBe(204);
    const count = 'select count(*)::int as count from pool_accounts';
    const { rows: before } = await service.pool.query(count);
    await service.consent(body.authorizeUrl, 'happy');
    expect((await service.pool.query(count)).rows).toEqual(before);
  });
});
