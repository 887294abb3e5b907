import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Backend, type Reply as AnyReply, reply } from '../support/backend.js';
import { signDashboardToken } from '../support/dashboard-token.js';
import { session } from '../support/service.js';

/** The operator of the installation, and a customer that leases. */
let operator: Backend;
let customer: Backend;
let project: string;
/** What one step of the story leaves to the next. */
let pooled: string;
let requestId: string;
let leased: string;

/** The fields that the tests read; each answer has some of them. */
interface Body extends Record<'id' | 'key' | 'state' | 'leasedAccountId' | 'requestId' | 'authorizeUrl', string> {
  leasedAccountIds: [string];
  items: Body[];
  error: { code: string };
}
type Reply = AnyReply<Body>;

const request = async (by: Backend, method: string, path: string, body?: object): Promise<Reply> =>
  (await by.request(method, path, {
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })) as Reply;
const IN_TEST = { 'x-environment': 'test', 'content-type': 'application/json' };
const operate = async (method: string, path: string, body?: object): Promise<Reply> =>
  (await operator.request(method, `/v1/operator${path}`, {
    ...{ headers: body ? IN_TEST : { 'x-environment': 'test' } },
    ...(body && { body: JSON.stringify(body) }),
  })) as Reply;
const codeOf = ({ status, body }: Reply): [number, string] => [status, body.error.code];

beforeAll(async () => {
  const workspace = `operators-${randomBytes(6).toString('hex')}`;
  await (await Backend.ofCustomer(session(), workspace)).app('x');
  operator = new Backend(session(), await signDashboardToken(session().home, workspace, ['operator']));
  const dashboard = new Backend(session(), await signDashboardToken(session().home, `${workspace}-customer`));
  const scopes = ['projects:write', 'leases:write', 'accounts:read', 'accounts:write'];
  const made = await request(dashboard, 'POST', '/v1/api-keys', { name: 'leases', environment: 'test', scopes });
  customer = new Backend(session(), made.body.key);
  project = (await request(customer, 'POST', '/v1/projects', { name: 'cooking' })).body.id;
});

describe('POST /v1/operator/pool', () => {
  it('answers 201 with the URL of a consent, whose account is in the pool then; 403 to the key of a customer', async () => {
    expect(codeOf(await request(customer, 'POST', '/v1/operator/pool', { platform: 'x', connect: true }))).toEqual([
      403,
      'FORBIDDEN_SCOPE',
    ]);
    const { status, body } = await operate('POST', '/pool', { platform: 'x', connect: true });
    expect([status, body.state]).toEqual([201, 'pending']);
    pooled = body.leasedAccountId;
    const landed = await reply(await operator.decide(body.authorizeUrl, 'happy'), { redirect: 'manual' });
    expect(landed.headers.get('location')).toMatch(/\/connected\?connected=x/);
  });
});

describe('GET /v1/operator/pool', () => {
  it('answers 200 with the accounts of the pool and their health', async () => {
    const { status, body } = await operate('GET', '/pool');
    const found = body.items.find((item) => item.leasedAccountId === pooled);
    expect([status, found]).toMatchObject([200, { health: 'active', state: 'pending', requestId: null }]);
  });
});

describe('POST /v1/operator/pool/{id}/steps/{step}', () => {
  it('answers 200 for steps in their order, after which the account is ready, and 409 out of order', async () => {
    const step = (name: string): Promise<Reply> => operate('POST', `/pool/${pooled}/steps/${name}`, { state: 'done' });
    expect(codeOf(await step('review'))).toEqual([409, 'CONFLICT']);
    const states: string[] = [];
    for (const name of ['credentials', 'profile', 'warmup', 'review']) states.push((await step(name)).body.state);
    expect(states).toEqual(['provisioning', 'provisioning', 'provisioning', 'ready']);
  });
});

describe('POST /v1/projects/{projectId}/leased-accounts/request', () => {
  it('answers 202 with the id of the request', async () => {
    const { status, body } = await request(customer, 'POST', `/v1/projects/${project}/leased-accounts/request`, {
      ...{ platform: 'x', count: 1, niche: 'cooking' },
    });
    expect([status, body]).toEqual([202, { requestId: expect.stringMatching(/^lreq_/), status: 'requested' }]);
    requestId = body.requestId;
  });
});

describe('GET /v1/operator/lease-requests', () => {
  it('answers 200 with the requests of every workspace', async () => {
    const { status, body } = await operate('GET', '/lease-requests?status=requested');
    const found = body.items.find((item) => item.requestId === requestId);
    expect([status, found]).toMatchObject([200, { projectId: project, platform: 'x', count: 1 }]);
  });
});

describe('POST /v1/operator/lease-requests/{id}/assign', () => {
  it('answers 200 once, and 409 for an account that is leased', async () => {
    const assign = (): Promise<Reply> =>
      operate('POST', `/lease-requests/${requestId}/assign`, { leasedAccountIds: [pooled] });
    expect(await assign()).toMatchObject({ status: 200, body: { status: 'assigned', assignedCount: 1 } });
    expect(codeOf(await assign())).toEqual([409, 'CONFLICT']);
  });
});

describe('GET /v1/projects/{projectId}/leased-accounts/requests/{requestId}', () => {
  it('answers 200 with what was assigned', async () => {
    const { status, body } = await request(
      customer,
      'GET',
      `/v1/projects/${project}/leased-accounts/requests/${requestId}`,
    );
    expect([status, body]).toMatchObject([200, { status: 'assigned', leasedAccountIds: [expect.any(String)] }]);
    [leased] = body.leasedAccountIds;
  });
});

describe('GET /v1/projects/{projectId}/leased-accounts', () => {
  it('answers 200 with the leased account, whose token the customer cannot end', async () => {
    const { status, body } = await request(customer, 'GET', `/v1/projects/${project}/leased-accounts`);
    expect([status, body.items]).toMatchObject([200, [{ leasedAccountId: leased, leased: true, status: 'connected' }]]);
    expect(codeOf(await request(customer, 'DELETE', `/v1/social-accounts/${leased}`))).toEqual([409, 'CONFLICT']);
    const account = leased.replace('sa_', 'acc_');
    expect((await request(customer, 'POST', `/v1/accounts/${account}/probe`)).body).toMatchObject({
      ...{ health: 'active', probe: { state: 'ok' }, provisioning: { state: 'ready' } },
    });
  });
});

describe('DELETE /v1/operator/pool/{id}', () => {
  it('answers 409 while the account is leased', async () => {
    expect(codeOf(await operate('DELETE', `/pool/${pooled}`))).toEqual([409, 'CONFLICT']);
  });
});

describe('DELETE /v1/leased-accounts/{id}', () => {
  it('answers 200 and returns the account to the pool, where nothing is revoked; 404 the second time', async () => {
    const release = (): Promise<Reply> => request(customer, 'DELETE', `/v1/leased-accounts/${leased}`);
    expect(await release()).toMatchObject({ status: 200, body: { disconnectedReason: 'released_by_partner' } });
    expect(codeOf(await release())).toEqual([404, 'NOT_FOUND']);
    const { body } = await operate('GET', '/pool');
    const found = body.items.find((item) => item.leasedAccountId === pooled);
    expect(found).toMatchObject({ health: 'active', state: 'ready', requestId: null });
  });
});

describe('POST /v1/operator/pool/{id}/end-lease', () => {
  it('answers 200 and disconnects the account of the project with that reason; 409 the second time', async () => {
    const path = `/v1/projects/${project}/leased-accounts`;
    const { body: requested } = await request(customer, 'POST', `${path}/request`, { platform: 'x', count: 1 });
    const assigned = await operate('POST', `/lease-requests/${requested.requestId}/assign`, {
      leasedAccountIds: [pooled],
    });
    expect(assigned.status).toBe(200);
    const end = (): Promise<Reply> => operate('POST', `/pool/${pooled}/end-lease`, { reason: 'the person withdraws' });
    expect(await end()).toMatchObject({
      status: 200,
      body: { leasedAccountId: pooled, state: 'ready', health: 'active', requestId: null, canceledScheduledPosts: 0 },
    });
    expect(codeOf(await end())).toEqual([409, 'CONFLICT']);
    const { body } = await request(customer, 'GET', `${path}?status=disconnected`);
    expect(body.items[0]).toMatchObject({ disconnectedReason: 'ended_by_operator' });
  });
});

describe('DELETE /v1/operator/pool/{id}', () => {
  it('answers 204 once after the release, and 404 the second time', async () => {
    expect((await operate('DELETE', `/pool/${pooled}`)).status).toBe(204);
    expect(codeOf(await operate('DELETE', `/pool/${pooled}`))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('POST /v1/operator/lease-requests/{id}/reject', () => {
  it('answers 200 with the reason for the project', async () => {
    const path = `/v1/projects/${project}/leased-accounts/request`;
    const { body } = await request(customer, 'POST', path, { platform: 'x', count: 1 });
    const rejected = await operate('POST', `/lease-requests/${body.requestId}/reject`, { reason: 'none left' });
    expect(rejected).toMatchObject({ status: 200, body: { status: 'rejected', reason: 'none left' } });
  });
});
