import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConnectedApi } from '../../../../test/support/connected-api.js';
import { codeOf, LeaseApi, type LeaseAnswer, STEPS } from '../../../../test/support/lease-api.js';

let leases: LeaseApi;
let service: ConnectedApi;
let key: string;

beforeAll(async () => {
  leases = await LeaseApi.open();
  ({ service, key } = leases);
});
afterAll(() => leases.close());

const call = (method: string, path: string, body?: object, as = key): Promise<LeaseAnswer> =>
  leases.call(method, path, body, { as });
const operate: LeaseApi['operate'] = (...request) => leases.operate(...request);
const assign: LeaseApi['assign'] = (...assignment) => leases.assign(...assignment);
const pool: LeaseApi['pool'] = (...profile) => leases.pool(...profile);
const prepare: LeaseApi['prepare'] = (id) => leases.prepare(id);
const ready: LeaseApi['ready'] = () => leases.ready();
const newProject: LeaseApi['newProject'] = () => leases.newProject();
const request: LeaseApi['request'] = (...input) => leases.request(...input);
const lease: LeaseApi['lease'] = (...parties) => leases.lease(...parties);

describe('the pool', () => {
  it('is filled by hand, and prepared in ordered steps until it is ready', async () => {
    await pool();
    const id = await pool();
    expect(id).toMatch(/^pool_[0-9a-z]{26}$/);
    const step = (name: string, body: object): Promise<LeaseAnswer> =>
      operate('POST', `/pool/${id}/steps/${name}`, body);
    expect(codeOf(await step('profile', { state: 'done' }))).toEqual([409, 'CONFLICT']);
    expect((await step('credentials', { state: 'done', note: 'from the vault' })).body).toMatchObject({
      state: 'provisioning',
      steps: [{ name: 'credentials', state: 'done', note: 'from the vault' }, {}, {}, {}],
    });
    expect((await step('profile', { state: 'failed' })).body.state).toBe('failed');
    expect(codeOf(await step('warmup', { state: 'done' }))).toEqual([409, 'CONFLICT']);
    for (const name of STEPS.slice(1)) await step(name, { state: 'done' });
    const { body } = await operate('GET', '/pool?limit=1');
    expect(body.items).toEqual([expect.objectContaining({ leasedAccountId: id, state: 'ready', requestId: null })]);
    expect((await operate('GET', `/pool?limit=1&cursor=${body.nextCursor}`)).status).toBe(200);
    expect(codeOf(await step('lunch', { state: 'done' }))).toEqual([400, 'VALIDATION']);
    expect(codeOf(await step('review', { state: 'pending' }))).toEqual([422, 'VALIDATION']);
    const unknown = '/pool/pool_01h455vb4pex5vsknk084sn02z/steps/review';
    expect(codeOf(await operate('POST', unknown, { state: 'done' }))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await operate('POST', '/pool/acc_1/steps/review', { state: 'done' }))).toEqual([400, 'VALIDATION']);
  });

  it('keeps the id of a profile that is added again', async () => {
    const id = await pool('2002');
    const credentials = { accessToken: 'another-token' };
    const again = await operate('POST', '/pool', {
      ...{ platform: 'x', platformAccountId: '2002', credentials, verify: false },
    });
    expect([again.status, again.body.leasedAccountId]).toEqual([200, id]);
  });

  it('is filled through a consent at the app of the operator', async () => {
    const started = await operate('POST', '/pool', { platform: 'x', connect: true });
    expect(started).toMatchObject({ status: 201, body: { state: 'pending', handle: null, health: null } });
    const id = started.body.leasedAccountId;
    expect(codeOf(await operate('POST', `/pool/${id}/steps/credentials`, { state: 'done' }))).toEqual([
      409,
      'CONFLICT',
    ]);
    expect((await service.consent(started.body.authorizeUrl, 'paula')).pathname).toBe('/connected');
    const { body } = await operate('GET', '/pool?limit=1');
    expect(body.items[0]).toMatchObject({ leasedAccountId: id, health: 'active', handle: expect.any(String) });
  });

  it('names every wrong field, and an app that is missing', async () => {
    const refused = await operate('POST', '/pool', { platform: 'x', connect: true, handle: 'a', colour: 'red' });
    expect(codeOf(refused)).toEqual([422, 'VALIDATION']);
    expect(codeOf(await operate('POST', '/pool', { platform: 'x' }))).toEqual([422, 'VALIDATION']);
    expect(codeOf(await operate('POST', '/pool', { platform: 'pinterest', connect: true }))).toEqual([409, 'CONFLICT']);
    const rejected = { platform: 'x', platformAccountId: '1', credentials: { accessToken: 'unknown' } };
    const { status, body } = await operate('POST', '/pool', rejected);
    expect([status, body.error.details.issues[0]?.path]).toEqual([422, 'credentials.accessToken']);
  });

  it('is closed to every other credential', async () => {
    const plain = await service.api.token({ claims: { sub: 'default' } });
    for (const as of [key, plain]) {
      const { status, body } = await call('GET', '/v1/operator/pool', undefined, as);
      expect([status, body.error.code, body.error.details]).toEqual([
        ...[403, 'FORBIDDEN_SCOPE'],
        { requiredScope: 'operator' },
      ]);
    }
  });
});

describe('a request for leased accounts', () => {
  it('is stored, repeated by its key, read by its project and listed for operators', async () => {
    const project = await newProject();
    const path = `/v1/projects/${project}/leased-accounts/request`;
    const body = JSON.stringify({ platform: 'x', count: 2, niche: 'cooking', note: 'soon' });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'once' };
    const send = () => service.api.call(path, { method: 'POST', as: key, headers, body });
    const first = await send();
    const made = (await first.json()) as { requestId: string };
    expect([first.status, made]).toEqual([202, { requestId: expect.stringMatching(/^lreq_/), status: 'requested' }]);
    expect(await (await send()).json()).toEqual(made);
    const own = `/v1/projects/${project}/leased-accounts/requests/${made.requestId}`;
    const facts = { status: 'requested', platform: 'x', count: 2, niche: 'cooking', note: 'soon', assignedCount: 0 };
    expect((await call('GET', own)).body).toMatchObject({ ...facts, leasedAccountIds: [] });
    const { items } = (await operate('GET', '/lease-requests?status=requested&limit=1')).body;
    expect(items[0]).toMatchObject({ ...facts, ...made, projectId: project, workspace: 'default' });
    const other = await service.api.key({ workspace: 'other' });
    expect(codeOf(await call('GET', own, undefined, other))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('POST', path, { platform: 'x', count: 1 }, other))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('POST', path, { platform: 'x', count: 51 }))).toEqual([422, 'VALIDATION']);
  });

  it('is rejected once, with a reason', async () => {
    const project = await newProject();
    const requestId = await request(project);
    const reject = () => operate('POST', `/lease-requests/${requestId}/reject`, { reason: 'none left' });
    expect((await reject()).body).toMatchObject({ status: 'rejected', reason: 'none left' });
    expect(codeOf(await reject())).toEqual([409, 'CONFLICT']);
    expect(codeOf(await assign(requestId, await ready()))).toEqual([409, 'CONFLICT']);
  });

  it('is assigned in parts, never beyond its count', async () => {
    const project = await newProject();
    const requestId = await request(project, 2);
    const [a, b, c] = [await ready(), await ready(), await ready()];
    expect(codeOf(await assign(requestId, a, b, c))).toEqual([409, 'CONFLICT']);
    expect((await assign(requestId, a)).body).toMatchObject({ status: 'partial', assignedCount: 1 });
    expect(codeOf(await assign(requestId, b, c))).toEqual([409, 'CONFLICT']);
    expect((await assign(requestId, b)).body).toMatchObject({ status: 'assigned', assignedCount: 2 });
    const { body } = await call('GET', `/v1/projects/${project}/leased-accounts/requests/${requestId}`);
    const listed = await call('GET', `/v1/projects/${project}/leased-accounts`);
    const ids = listed.body.items.map(({ leasedAccountId }) => leasedAccountId);
    expect(ids.toSorted()).toEqual(body.leasedAccountIds.toSorted());
  });

  it('is closed for the rest while it is partial, and keeps what was assigned', async () => {
    const project = await newProject();
    const requestId = await request(project, 2);
    const [a, b] = [await ready(), await ready()];
    expect((await assign(requestId, a)).body).toMatchObject({ status: 'partial', closedAt: null });
    const ids = async (open: boolean): Promise<string[]> =>
      (await operate('GET', `/lease-requests?open=${open}&limit=100`)).body.items.map((item) => item.requestId);
    expect([await ids(true), await ids(false)]).toEqual([
      expect.arrayContaining([requestId]),
      expect.not.arrayContaining([requestId]),
    ]);
    const reject = () => operate('POST', `/lease-requests/${requestId}/reject`, { reason: 'one is all there is' });
    const closed = { status: 'partial', reason: 'one is all there is', assignedCount: 1, closedAt: expect.any(String) };
    expect(await reject()).toMatchObject({ status: 200, body: closed });
    expect(codeOf(await reject())).toEqual([409, 'CONFLICT']);
    expect(codeOf(await assign(requestId, b))).toEqual([409, 'CONFLICT']);
    const own = await call('GET', `/v1/projects/${project}/leased-accounts/requests/${requestId}`);
    expect(own.body).toMatchObject({ ...closed, leasedAccountIds: [expect.any(String)] });
    expect((await ids(false)).includes(requestId)).toBe(true);
    expect((await call('GET', `/v1/projects/${project}/leased-accounts`)).body.items).toHaveLength(1);
  });

  it('is rejected with the deletion of its project', async () => {
    const project = await newProject();
    const requestId = await request(project);
    expect((await service.api.call(`/v1/projects/${project}`, { method: 'DELETE', as: key })).status).toBe(204);
    const { items } = (await operate('GET', '/lease-requests?open=false&limit=100')).body;
    expect(items.find((item) => item.requestId === requestId)).toMatchObject({
      ...{ status: 'rejected', reason: 'The project was deleted.' },
    });
  });

  it('gets no account that is not ready, not healthy, leased, of another platform or of no pool', async () => {
    const requestId = await request(await newProject(), 5);
    const unprepared = await pool();
    const leased = (await lease()).pooled;
    const ill = await ready();
    await service.pool.query(
      `update accounts set health = 'needs_reauth' where id = (
         select account_id from pool_accounts order by created_at desc limit 1)`,
    );
    for (const id of [unprepared, leased, ill]) expect(codeOf(await assign(requestId, id))).toEqual([409, 'CONFLICT']);
    expect(codeOf(await assign(requestId, 'pool_01h455vb4pex5vsknk084sn02z'))).toEqual([422, 'VALIDATION']);
    const ok = await ready();
    expect(codeOf(await assign(requestId, ok, ok))).toEqual([422, 'VALIDATION']);
    const made = await call('POST', `/v1/projects/${await newProject()}/leased-accounts/request`, {
      ...{ platform: 'tiktok', count: 1 },
    });
    expect(codeOf(await assign(made.body.requestId, ok))).toEqual([409, 'CONFLICT']);
    expect(codeOf(await assign('lreq_01h455vb4pex5vsknk084sn02x', ok))).toEqual([404, 'NOT_FOUND']);
    expect((await assign(requestId, ok)).status).toBe(200);
  });

  it('gets an account once where two requests are assigned it at the same moment', async () => {
    const requests = [await request(await newProject()), await request(await newProject())];
    const id = await ready();
    const statuses = (await Promise.all(requests.map((one) => assign(one, id)))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 409]);
  });

  it('gets at most its count where two assignments come at the same moment', async () => {
    const requestId = await request(await newProject(), 1);
    const [a, b] = [await ready(), await ready()];
    const statuses = (await Promise.all([assign(requestId, a), assign(requestId, b)])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 409]);
  });
});

describe('a leased account', () => {
  it('is an account of the project on both surfaces, with its preparation and without the app of the pool', async () => {
    const { project, account } = await lease();
    const listed = await call('GET', `/v1/projects/${project}/social-accounts?leased=true`);
    expect(listed.body.items).toEqual([
      expect.objectContaining({ socialAccountId: account, leased: true, status: 'connected' }),
    ]);
    const acc = account.replace('sa_', 'acc_');
    expect((await call('GET', `/v1/accounts/${acc}`)).body).toMatchObject({
      ...{ connection_type: 'leased', health: 'active', project_id: project, oauth_app_id: null, metadata: {} },
    });
    expect((await call('GET', `/v1/social-accounts/${account}/health`)).body).toMatchObject({
      provisioning: { state: 'ready', steps: STEPS.map((name) => ({ name, state: 'done', at: expect.any(String) })) },
      recommendation: 'none',
    });
  });

  it('gives away no token and is neither revoked, reauthorized, moved nor taken over by its project', async () => {
    const { project, account, pooled } = await lease();
    const acc = account.replace('sa_', 'acc_');
    const returning = await service.api.key({ returnHosts: ['app.example.com'] });
    const reauth = { socialAccountId: account, returnUrl: 'https://app.example.com/' };
    const refused: [string, string, object?][] = [
      ['GET', `/v1/accounts/${acc}/token`],
      ['GET', `/v1/accounts/${acc}/proxy/2/users/me`],
      ['DELETE', `/v1/accounts/${acc}`],
      ['DELETE', `/v1/social-accounts/${account}`],
      ['POST', `/v1/accounts/${acc}/reauth`, {}],
      ['POST', `/v1/projects/${project}/social/reauth-url`, reauth],
      ['PATCH', `/v1/accounts/${acc}`, { project_id: await newProject() }],
    ];
    for (const [method, path, body] of refused)
      expect([method, path, (await call(method, path, body, returning)).status]).toEqual([method, path, 409]);
    expect(codeOf(await call('DELETE', `/v1/projects/${project}`))).toEqual([409, 'CONFLICT']);
    const { body } = await operate('POST', `/pool/${pooled}/steps/review`, { state: 'failed' });
    expect(body.error.code).toBe('CONFLICT');
  });

  it('counts in the lists and in the health of its project, which it can also leave out', async () => {
    const { project, account } = await lease();
    const acc = account.replace('sa_', 'acc_');
    const listed = async (query: string): Promise<string[]> =>
      (await call('GET', `/v1/accounts?project_id=${project}${query}`)).body.items.map(({ id }) => id);
    expect(await listed('')).toEqual([acc]);
    expect(await listed('&connection_type=leased')).toEqual([acc]);
    expect(await listed('&connection_type=oauth')).toEqual([]);
    expect((await call('GET', `/v1/projects/${project}/social-accounts?leased=false`)).body.items).toEqual([]);
    const health = await call('GET', `/v1/projects/${project}/social-accounts/health`);
    expect(health.body).toMatchObject({ counts: { connected: 1, reauth_required: 0, disconnected: 0 } });
  });

  it('shows the health of the grant, with the operator to turn to, in its own history', async () => {
    const { account } = await lease();
    await service.pool.query(
      `update accounts set probe_class = 'permanent', probe_reason = 'checkpoint', probe_due_at = null
       where connection_type = 'leased' and health = 'active'`,
    );
    await service.pool.query("update grants set refresh_state = 'ended', ended_reason = 'grant_revoked'");
    const { applyHealth } = await import('#tokens');
    const { transaction } = await import('#persistence');
    const { rows } = await service.pool.query<{ grant: string }>(
      `select grant_id as grant from accounts where connection_type = 'leased' order by connected_at desc limit 1`,
    );
    await transaction(service.pool, (tx) => applyHealth(tx, rows[0]!.grant));
    const health = (await call('GET', `/v1/accounts/${account.replace('sa_', 'acc_')}/health`)).body;
    expect(health).toMatchObject({ health: 'needs_reauth', recommendation: 'contact_operator' });
    expect(health.events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['connection.revoked', 'account.health_changed', 'account.connected']),
    );
    const { rows: tenants } = await service.pool.query(
      `select distinct event.workspace_id = account.workspace_id as same from account_events event
       join accounts account on account.id = event.account_id`,
    );
    expect(tenants).toEqual([{ same: true }]);
  });

  it('is released once, and its successor in another workspace has another id and no history of it', async () => {
    const { account, pooled, project } = await lease();
    const { rows: before } = await service.pool.query('select count(*)::int as count from pending_revocations');
    expect(await call('DELETE', `/v1/leased-accounts/${account}`)).toMatchObject({
      status: 200,
      body: {
        leasedAccountId: account,
        status: 'disconnected',
        disconnectedReason: 'released_by_partner',
        canceledScheduledPosts: 0,
        disconnectedAt: expect.any(String),
      },
    });
    expect(codeOf(await call('DELETE', `/v1/leased-accounts/${account}`))).toEqual([404, 'NOT_FOUND']);
    const { rows: after } = await service.pool.query('select count(*)::int as count from pending_revocations');
    expect(after).toEqual(before);
    const released = `/v1/projects/${project}/leased-accounts?status=disconnected`;
    expect((await call('GET', released)).body.items).toEqual([
      expect.objectContaining({ leasedAccountId: account, disconnectedReason: 'released_by_partner' }),
    ]);
    const other = await service.api.key({ workspace: 'other' });
    const next = await lease(other, pooled);
    expect(next.account).not.toBe(account);
    const events = await call('GET', `/v1/accounts/${next.account.replace('sa_', 'acc_')}/events`, undefined, other);
    expect(events.body.items.map(({ type }) => type)).toEqual(['account.connected']);
    expect((await call('GET', `/v1/social-accounts/${account}/health`)).body).toMatchObject({
      status: 'disconnected',
      token: { state: 'revoked', lastRefreshedAt: null, expiresAt: null },
      provisioning: { state: 'released', steps: [] },
      recommendation: 'none',
    });
    expect(codeOf(await call('DELETE', `/v1/leased-accounts/${next.account}`))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('DELETE', '/v1/leased-accounts/sa_7'))).toEqual([400, 'VALIDATION']);
  });

  it('is not added where the same profile is connected, and a consent to it does not take it over', async () => {
    const account = await service.connect('x', 'happy');
    const { body } = await call('GET', `/v1/accounts/${account}`);
    const pooled = await prepare(await pool(body.platform_account_id));
    const requestId = await request(body.project_id);
    expect(codeOf(await assign(requestId, pooled))).toEqual([409, 'CONFLICT']);
    expect((await call('DELETE', `/v1/social-accounts/${account.replace('acc_', 'sa_')}`)).status).toBe(200);
    expect((await assign(requestId, pooled)).status).toBe(200);
    await expect(service.connect('x', 'happy')).rejects.toThrow('no_eligible_account');
    const supplied = { provider: 'x', platform_account_id: body.platform_account_id, verify: false };
    const taken = await call('POST', '/v1/accounts', { ...supplied, credentials: { access_token: 'mine' } });
    expect([taken.status, taken.body.code]).toEqual([409, 'account.leased']);
  });
});
