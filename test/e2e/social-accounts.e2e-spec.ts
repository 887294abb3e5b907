import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { type Backend, type Reply } from '../support/backend.js';
import { signDashboardToken } from '../support/dashboard-token.js';
import {
  type ConnectedAccount,
  expectRefusedCallers,
  NO_ACCOUNT,
  NO_PROJECT,
  pathsOf,
  ProjectsCustomer,
  refusalOf,
  RETURN_URL,
  type StartedOAuth,
} from '../support/projects-customer.js';
import { session } from '../support/service.js';

let customer: ProjectsCustomer;
let other: ProjectsCustomer;
let backend: Backend;
let connected: ConnectedAccount;
let foreign: ConnectedAccount;

beforeAll(async () => {
  customer = await ProjectsCustomer.open(session());
  other = await ProjectsCustomer.open(session());
  backend = customer.backend;
  connected = await customer.connect();
  foreign = await other.connect();
});
afterAll(async () => {
  await customer.close();
  await other.close();
});

const uuidOf = (id: string): string => TypeID.fromString(id).toUUID();
const asAccount = (id: string): string => id.replace('sa_', 'acc_');
const state43 = 'a'.repeat(43);

type Send = (id: string) => Promise<Reply>;

/** The answers of every endpoint with an id in its path. */
function itChecksTheId(field: 'projectId' | 'id', unknown: string, send: Send, foreignId: () => string): void {
  it('answers 400 to a malformed id', async () => {
    for (const id of ['7', unknown.slice(0, -1), unknown.replace(/^[a-z]+/, 'oa')]) {
      const malformed = await send(id);
      expect(refusalOf(malformed)).toEqual([400, 'VALIDATION']);
      expect(pathsOf(malformed)).toEqual([field]);
    }
  });

  it('answers 404 to an unknown id and to one of another customer', async () => {
    for (const id of [unknown, foreignId(), uuidOf(foreignId())])
      expect(refusalOf(await send(id))).toEqual([404, 'NOT_FOUND']);
  });
}

describe('POST /v1/projects/{projectId}/social/oauth-url', () => {
  const body = { platform: 'x', returnUrl: RETURN_URL };
  const send = (id: string, changes: object = {}): Promise<Reply> =>
    backend.post(`/v1/projects/${id}/social/oauth-url`, { ...body, ...changes });
  itChecksTheId('projectId', NO_PROJECT, send, () => foreign.project);

  it('answers 200 with authorizeUrl, state and expiresAt; success returns the browser to returnUrl unchanged', async () => {
    const { status, body: started } = await send(connected.project);
    expect([status, started]).toEqual([
      200,
      {
        authorizeUrl: expect.stringContaining(encodeURIComponent((started as StartedOAuth).state)),
        state: expect.any(String),
        expiresAt: expect.stringMatching(/Z$/),
      },
    ]);
    expect(connected.landing).toBe(RETURN_URL);
    expect(await customer.consent((started as StartedOAuth).authorizeUrl, 'happy', 'deny')).toBe(
      `${RETURN_URL}&layers_oauth_error=access_denied`,
    );
  });

  it('mints a new state for each call, whatever the Idempotency-Key', async () => {
    const init = {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': 'the-same' },
    };
    const path = `/v1/projects/${connected.project}/social/oauth-url`;
    const states = [await backend.request('POST', path, init), await backend.request('POST', path, init)].map(
      ({ status, headers, body: started }) => [status, headers.get('idempotency-replayed'), started.state as string],
    );
    expect(states).toEqual([
      [200, null, expect.any(String)],
      [200, null, expect.any(String)],
    ]);
    expect(states[0]).not.toEqual(states[1]);
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    const path = `/v1/projects/${connected.project}/social/oauth-url`;
    await expectRefusedCallers(customer, ['POST', path], 'oauth:write');
  });

  it('answers 403 RETURN_URL_NOT_ALLOWED to a host that the key does not have, and to a dashboard token', async () => {
    const elsewhere = await send(connected.project, { returnUrl: 'https://evil.example/' });
    expect(refusalOf(elsewhere)).toEqual([403, 'RETURN_URL_NOT_ALLOWED']);
    const token = await signDashboardToken(session().home, customer.workspace);
    const headers = {
      authorization: `Bearer ${token}`,
      'x-environment': 'test',
      'content-type': 'application/json',
    };
    const path = `${session().apiUrl}/v1/projects/${connected.project}/social/oauth-url`;
    const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: 'RETURN_URL_NOT_ALLOWED' } }]);
  });

  it('answers 409 where the platform has no app', async () => {
    expect(refusalOf(await send(connected.project, { platform: 'pinterest' }))).toEqual([409, 'CONFLICT']);
  });

  it('answers 422 with every wrong field at once', async () => {
    const wrong = { platform: 'myspace', returnUrl: '', scopes: [], usageNote: 'x'.repeat(501), user: 7 };
    const refused = await send(connected.project, wrong);
    expect(refusalOf(refused)).toEqual([422, 'VALIDATION']);
    expect(pathsOf(refused)).toEqual(['platform', 'returnUrl', 'scopes', 'usageNote', 'user']);
    for (const scopes of [Array.from({ length: 33 }, (_, n) => `s${n}`), ['s'.repeat(65)], ['a"b']])
      expect(refusalOf(await send(connected.project, { scopes }))).toEqual([422, 'VALIDATION']);
  });
});

describe('GET /v1/social/oauth-status/{state}', () => {
  it('answers 200 completed with the accounts', async () => {
    expect(await customer.poll(connected.state)).toMatchObject({ status: 200 });
    expect((await customer.poll(connected.state)).body).toEqual({
      state: connected.state,
      status: 'completed',
      socialAccountId: connected.account,
      socialAccountIds: [connected.account],
    });
  });

  it('answers pending until the browser is back, and failed with the reason afterwards', async () => {
    const { state, authorizeUrl, expiresAt } = await customer.start(connected.project);
    expect((await customer.poll(state)).body).toEqual({ state, status: 'pending', expiresAt });
    await customer.consent(authorizeUrl, 'happy', 'deny');
    expect((await customer.poll(state)).body).toEqual({
      state,
      status: 'failed',
      error: { code: 'access_denied', message: expect.any(String) },
    });
  });

  it('answers failed for an unused state that has expired', async () => {
    const { state } = await customer.start(connected.project);
    await backend.query(
      `update connect_attempts set expires_at = db_now() where state_hash = sha256(convert_to($1, 'UTF8'))`,
      [state],
    );
    const { status, body } = await customer.poll(state);
    expect([status, body]).toMatchObject([200, { status: 'failed', error: { code: 'state_expired' } }]);
  });

  it('answers pending while an attempt waits for its confirmation, whose connect_token is in the return URL', async () => {
    const confirming = await ProjectsCustomer.open(session());
    const [app] = (await confirming.backend.get('/v1/oauth-apps')).body as [{ id: string }];
    await confirming.backend.patch(`/v1/oauth-apps/${app.id}`, { completion: 'confirm' });
    const { state, authorizeUrl } = await confirming.start(await confirming.project());
    const landing = new URL(await confirming.consent(authorizeUrl, 'mei'));
    expect([...landing.searchParams.keys()]).toEqual(['order', 'connect_token']);
    expect((await confirming.poll(state)).body).toMatchObject({ status: 'pending' });
    const connect_token = landing.searchParams.get('connect_token');
    const path = `/v1/oauth/attempts/${state}/complete`;
    expect(await confirming.backend.post(path, { connect_token, user_ref: '42' })).toMatchObject({ status: 200 });
    expect((await confirming.poll(state)).body).toMatchObject({ status: 'completed' });
    await confirming.close();
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['GET', `/v1/social/oauth-status/${connected.state}`], 'oauth:write');
  });

  it('answers 404 to another key of the same customer, to another customer, and to an unknown state', async () => {
    const path = `/v1/social/oauth-status/${connected.state}`;
    for (const caller of [await customer.withKey({}), other.backend])
      expect(refusalOf(await caller.get(path))).toEqual([404, 'NOT_FOUND']);
    for (const state of [`${state43}.${state43}`, 'none', `${connected.state.slice(0, -1)}A`])
      expect(refusalOf(await customer.poll(state))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('GET /v1/projects/{projectId}/social-accounts', () => {
  const list = (id: string, query = ''): Promise<Reply> => backend.get(`/v1/projects/${id}/social-accounts${query}`);
  itChecksTheId('projectId', NO_PROJECT, list, () => foreign.project);

  it('answers 200 with the accounts of the project, newest first, in pages', async () => {
    const second = await customer.connect('paula', connected.project);
    const page = await list(connected.project, '?limit=1&platform=x&status=connected&leased=false');
    expect([page.status, page.body]).toEqual([
      200,
      {
        items: [
          {
            ...{ socialAccountId: second.account, platform: 'x', status: 'connected', leased: false },
            ...{ handle: expect.any(String), avatarUrl: expect.any(String) },
            ...{ connectedAt: expect.stringMatching(/Z$/), tokenExpiresAt: expect.stringMatching(/Z$/) },
          },
        ],
        nextCursor: expect.any(String),
      },
    ]);
    const { nextCursor } = page.body as { nextCursor: string };
    const next = await list(
      connected.project,
      `?limit=1&platform=x&status=connected&leased=false&cursor=${encodeURIComponent(nextCursor)}`,
    );
    expect(next.body).toMatchObject({ items: [{ socialAccountId: connected.account }], nextCursor: null });
    expect(refusalOf(await list(connected.project, `?cursor=${nextCursor}`))).toEqual([422, 'VALIDATION']);
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['GET', `/v1/projects/${NO_PROJECT}/social-accounts`], 'accounts:read');
  });

  it('answers 422 with every wrong filter at once', async () => {
    const refused = await list(connected.project, '?limit=201&platform=myspace&status=lost&leased=yes&q=x');
    expect(refusalOf(refused)).toEqual([422, 'VALIDATION']);
    expect(pathsOf(refused)).toEqual(['leased', 'limit', 'platform', 'q', 'status']);
  });
});

describe('GET /v1/projects/{projectId}/social-accounts/health', () => {
  const health = (id: string, query = ''): Promise<Reply> =>
    backend.get(`/v1/projects/${id}/social-accounts/health${query}`);
  itChecksTheId('projectId', NO_PROJECT, health, () => foreign.project);

  it('answers 200 with counts, reasons, and the accounts on which a person has to act', async () => {
    const { project, account } = await customer.connect('omar');
    await customer.connect('mei', project);
    await backend.query(
      "update accounts set health = 'needs_reauth', health_reason = 'grant_revoked', health_since = db_now() where id = $1",
      [uuidOf(account)],
    );
    const { status, body } = await health(project, '?limit=1');
    expect([status, body]).toEqual([
      200,
      {
        counts: { connected: 1, reauth_required: 1, disconnected: 0 },
        byReason: { grant_revoked: 1 },
        needsAction: [
          {
            ...{ socialAccountId: account, platform: 'x', handle: expect.any(String), status: 'reauth_required' },
            ...{ reason: 'grant_revoked', recommendation: 'reconnect', since: expect.stringMatching(/Z$/) },
          },
        ],
        nextCursor: null,
      },
    ]);
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    const path = `/v1/projects/${NO_PROJECT}/social-accounts/health`;
    await expectRefusedCallers(customer, ['GET', path], 'accounts:read');
  });

  it('answers 422 to a wrong limit and a damaged cursor', async () => {
    for (const query of ['?limit=0', '?cursor=damaged', '?status=connected'])
      expect(refusalOf(await health(connected.project, query))).toEqual([422, 'VALIDATION']);
  });
});

describe('POST /v1/projects/{projectId}/social/reauth-url', () => {
  const send = (id: string, changes: object = {}): Promise<Reply> =>
    backend.post(`/v1/projects/${id}/social/reauth-url`, {
      ...{ socialAccountId: connected.account, returnUrl: RETURN_URL },
      ...changes,
    });
  itChecksTheId('projectId', NO_PROJECT, send, () => foreign.project);

  it('answers 200 as oauth-url does, and the account keeps its id', async () => {
    const { status, body } = await send(connected.project);
    const { state, authorizeUrl } = body as StartedOAuth;
    expect(status).toBe(200);
    expect(await customer.consent(authorizeUrl)).toBe(RETURN_URL);
    expect((await customer.poll(state)).body).toMatchObject({
      status: 'completed',
      socialAccountIds: [connected.account],
    });
  });

  it('ends with account_mismatch where another person signs in', async () => {
    const { state, authorizeUrl } = (await send(connected.project)).body as StartedOAuth;
    expect(await customer.consent(authorizeUrl, 'omar')).toBe(`${RETURN_URL}&layers_oauth_error=account_mismatch`);
    expect((await customer.poll(state)).body).toMatchObject({ status: 'failed', error: { code: 'account_mismatch' } });
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['POST', `/v1/projects/${NO_PROJECT}/social/reauth-url`], 'oauth:write');
  });

  it('answers 403 RETURN_URL_NOT_ALLOWED to a host that the key does not have', async () => {
    const refused = await send(connected.project, { returnUrl: 'https://evil.example/' });
    expect(refusalOf(refused)).toEqual([403, 'RETURN_URL_NOT_ALLOWED']);
  });

  it('answers 404 for an account that is disconnected, in another project or of another customer', async () => {
    const gone = await customer.connect('mei', connected.project);
    await backend.delete(`/v1/social-accounts/${gone.account}`);
    for (const socialAccountId of [gone.account, NO_ACCOUNT, foreign.account])
      expect(refusalOf(await send(connected.project, { socialAccountId }))).toEqual([404, 'NOT_FOUND']);
    expect(refusalOf(await send(await customer.project()))).toEqual([404, 'NOT_FOUND']);
  });

  it('answers 409 for a leased account', async () => {
    const { account, project } = await customer.connect('mei');
    await backend.query("update accounts set connection_type = 'leased' where id = $1", [uuidOf(account)]);
    const leased = await send(project, { socialAccountId: account });
    await backend.query("update accounts set connection_type = 'oauth' where id = $1", [uuidOf(account)]);
    expect(refusalOf(leased)).toEqual([409, 'CONFLICT']);
  });

  it('answers 422 with every wrong field at once', async () => {
    const refused = await send(connected.project, { socialAccountId: 'sa_7', returnUrl: 7, scopes: 'all', note: 'x' });
    expect(refusalOf(refused)).toEqual([422, 'VALIDATION']);
    expect(pathsOf(refused)).toEqual(['note', 'returnUrl', 'scopes', 'socialAccountId']);
  });
});

describe('GET /v1/social-accounts/{id}/health', () => {
  const health = (id: string): Promise<Reply> => backend.get(`/v1/social-accounts/${id}/health`);
  itChecksTheId('id', NO_ACCOUNT, health, () => foreign.account);

  it('answers 200 with the state that the accounts surface shows for the same account', async () => {
    const { status, body } = await health(connected.account);
    const { body: same } = await backend.get(`/v1/accounts/${asAccount(connected.account)}/health`);
    expect([status, body]).toEqual([
      200,
      {
        ...{ socialAccountId: connected.account, status: 'connected', recommendation: same.recommendation },
        token: {
          ...{ state: same.token.state, lastError: same.token.last_error },
          ...{ expiresAt: same.token.expires_at, refreshExpiresAt: same.token.refresh_expires_at },
          ...{ lastRefreshedAt: same.token.last_refreshed_at, nextRefreshAt: same.token.next_refresh_at },
        },
        provisioning: { state: 'ready', steps: [] },
        probe: { state: same.probe.state, at: same.probe.at, nextAt: same.probe.next_at },
      },
    ]);
    expect((await health(uuidOf(connected.account))).body).toEqual(body);
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['GET', `/v1/social-accounts/${NO_ACCOUNT}/health`], 'accounts:read');
  });
});

describe('DELETE /v1/social-accounts/{id}', () => {
  const disconnect = (id: string): Promise<Reply> => backend.delete(`/v1/social-accounts/${id}`);
  itChecksTheId('id', NO_ACCOUNT, disconnect, () => foreign.account);

  it('answers 200, destroys the tokens, and is 404 the second time', async () => {
    const revoke = (id: string): Promise<Reply> => other.backend.delete(`/v1/social-accounts/${id}`);
    const { account, project } = await other.connect('mei');
    const { status, body } = await revoke(account);
    expect([status, body]).toEqual([
      200,
      {
        ...{ socialAccountId: account, status: 'disconnected', disconnectedReason: 'revoked_by_partner' },
        ...{ canceledScheduledPosts: 0, disconnectedAt: expect.stringMatching(/Z$/) },
      },
    ]);
    const tokens = await backend.query(
      'select 1 from grant_tokens join accounts on accounts.grant_id = grant_tokens.grant_id where accounts.id = $1',
      [uuidOf(account)],
    );
    expect(tokens).toEqual([]);
    expect(refusalOf(await revoke(account))).toEqual([404, 'NOT_FOUND']);
    const listed = (query: string) => other.backend.get(`/v1/projects/${project}/social-accounts${query}`);
    expect((await listed('')).body).toEqual({ items: [], nextCursor: null });
    expect((await listed('?status=disconnected')).body).toMatchObject({ items: [{ socialAccountId: account }] });
  });

  it('answers 401 without a credential and 403 with the required scope', async () => {
    await expectRefusedCallers(customer, ['DELETE', `/v1/social-accounts/${NO_ACCOUNT}`], 'accounts:write');
  });

  it('answers 409 for a leased account', async () => {
    const { account } = await customer.connect('mei');
    await backend.query("update accounts set connection_type = 'leased' where id = $1", [uuidOf(account)]);
    const leased = await disconnect(account);
    await backend.query("update accounts set connection_type = 'oauth' where id = $1", [uuidOf(account)]);
    expect(refusalOf(leased)).toEqual([409, 'CONFLICT']);
  });
});
