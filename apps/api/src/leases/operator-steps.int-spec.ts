import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { codeOf, LeaseApi } from '../../../../test/support/lease-api.js';

let leases: LeaseApi;
beforeAll(async () => {
  leases = await LeaseApi.open();
});
afterAll(() => leases.close());

const accOf = (account: string): string => account.replace('sa_', 'acc_');

describe('an operator', () => {
  it('ends a lease: the project sees why, and the account returns to the pool', async () => {
    const { account, pooled, project } = await leases.lease();
    const ended = await leases.operate('POST', `/pool/${pooled}/end-lease`, { reason: 'the person withdraws' });
    expect(ended).toMatchObject({
      status: 200,
      body: { leasedAccountId: pooled, state: 'ready', requestId: null, health: 'active', canceledScheduledPosts: 0 },
    });
    const listed = await leases.call('GET', `/v1/projects/${project}/leased-accounts?status=disconnected`);
    expect(listed.body.items).toEqual([
      expect.objectContaining({ leasedAccountId: account, disconnectedReason: 'ended_by_operator' }),
    ]);
    const events = await leases.call('GET', `/v1/accounts/${accOf(account)}/events`);
    expect(events.body.items[0]).toMatchObject({
      type: 'account.disconnected',
      data: { reason: 'ended_by_operator', note: 'the person withdraws' },
    });
    expect(codeOf(await leases.call('DELETE', `/v1/leased-accounts/${account}`))).toEqual([404, 'NOT_FOUND']);
    const { rows } = await leases.service.pool.query('select 1 from pending_revocations');
    expect(rows).toEqual([]);
    const next = await leases.lease(leases.key, pooled);
    expect(next.account).not.toBe(account);
  });

  it('ends a lease without a reason, and none that has ended, of an unknown account or with a wrong body', async () => {
    const { pooled, account } = await leases.lease();
    const end = (id = pooled, body: object = {}) => leases.operate('POST', `/pool/${id}/end-lease`, body);
    const wrong = await end(pooled, { reason: '', colour: 'red' });
    expect(codeOf(wrong)).toEqual([422, 'VALIDATION']);
    expect(wrong.body.error.details.issues.map(({ path }) => path).toSorted()).toEqual(['colour', 'reason']);
    expect((await end()).status).toBe(200);
    const events = await leases.call('GET', `/v1/accounts/${accOf(account)}/events`);
    expect(events.body.items[0]).toMatchObject({ data: { reason: 'ended_by_operator' } });
    expect(codeOf(await end())).toEqual([409, 'CONFLICT']);
    expect(codeOf(await end('pool_01h455vb4pex5vsknk084sn02z'))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await end('pool_1'))).toEqual([400, 'VALIDATION']);
  });

  it('repeats an assignment under its Idempotency-Key after a lost answer, and gets the same answer', async () => {
    const requestId = await leases.request(await leases.newProject(), 2);
    const [one, two] = [await leases.ready(), await leases.ready()];
    const assign = (...leasedAccountIds: string[]) =>
      leases.operate(
        'POST',
        `/lease-requests/${requestId}/assign`,
        { leasedAccountIds },
        { 'idempotency-key': 'once' },
      );
    const first = await assign(one);
    expect(first).toMatchObject({ status: 200, replayed: null, body: { status: 'partial', assignedCount: 1 } });
    expect(await assign(one)).toEqual({ ...first, replayed: 'true' });
    expect(codeOf(await assign(two))).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    expect((await leases.assign(requestId, two)).body).toMatchObject({ status: 'assigned', assignedCount: 2 });
  });

  it('is shown the place of every unknown account in the list, under the name of the field', async () => {
    const requestId = await leases.request(await leases.newProject(), 5);
    const [known, unknown] = [await leases.ready(), 'pool_01h455vb4pex5vsknk084sn02z'];
    const { status, body } = await leases.assign(requestId, unknown, known, unknown.replace('02z', '02y'));
    expect(status).toBe(422);
    expect(body.error).toMatchObject({
      message: 'The field leasedAccountIds.0 is not in the pool of this environment.',
      details: { issues: [{ path: 'leasedAccountIds.0' }, { path: 'leasedAccountIds.2' }] },
    });
  });

  it('sees why a consent for the pool failed, also of one that did not come in time', async () => {
    const started = (await leases.operate('POST', '/pool', { platform: 'x', connect: true })).body;
    expect(started).toMatchObject({ state: 'pending', error: null });
    await leases.service.consent(started.authorizeUrl, 'denies');
    const [failed] = (await leases.operate('GET', '/pool?limit=1')).body.items;
    expect(failed).toMatchObject({
      ...{ leasedAccountId: started.leasedAccountId, state: 'failed' },
      error: { code: 'access_denied', message: 'The person did not consent.' },
    });
    await leases.operate('POST', '/pool', { platform: 'x', connect: true });
    await leases.service.pool.query("update connect_attempts set expires_at = db_now() where status = 'pending'");
    const [expired] = (await leases.operate('GET', '/pool?limit=1')).body.items;
    expect(expired).toMatchObject({ state: 'failed', error: { code: 'state_expired' } });
  });
});

it('the PATCH of a leased account that names its own project changes nothing of it, and another project is refused', async () => {
  const { account, project } = await leases.lease();
  const patch = (body: object) => leases.call('PATCH', `/v1/accounts/${accOf(account)}`, body);
  const same = await patch({ project_id: project, metadata: { tag: 'a' } });
  expect(same).toMatchObject({ status: 200, body: { project_id: project, metadata: { tag: 'a' } } });
  const moved = await patch({ project_id: await leases.newProject(), metadata: { tag: 'b' } });
  expect([moved.status, moved.body.code]).toEqual([409, 'account.leased']);
  const { body } = await leases.call('GET', `/v1/accounts/${accOf(account)}`);
  expect(body).toMatchObject({ project_id: project, metadata: { tag: 'a' } });
});
