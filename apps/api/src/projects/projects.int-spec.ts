import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';

let service: ConnectedApi;
let key: string;
const HOST = 'app.example.com';
const RETURN = `https://${HOST}/connected?order=7`;

beforeAll(async () => {
  service = await ConnectedApi.open();
  key = await service.api.key({ returnHosts: [HOST, 'localhost:8080'] });
});
afterAll(() => service.close());

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function call(method: string, path: string, body?: object, as = key): Promise<Answer> {
  const response = await service.api.call(path, {
    method,
    as,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

async function newProject(name = 'a project'): Promise<string> {
  return String((await call('POST', '/v1/projects', { name })).body.id);
}

interface Connected {
  project: string;
  account: string;
  landing: URL;
  state: string;
}

async function connect(persona = 'happy', project?: string): Promise<Connected> {
  const id = project ?? (await newProject());
  const body = { platform: 'x', returnUrl: RETURN };
  const started = await call('POST', `/v1/projects/${id}/social/oauth-url`, body);
  const landing = await service.consent(String(started.body.authorizeUrl), persona);
  const { state } = started.body as { state: string };
  const polled = await call('GET', `/v1/social/oauth-status/${state}`);
  return { project: id, account: String(polled.body.socialAccountId), landing, state };
}

const codeOf = ({ status, body }: Answer): [number, string] => [status, (body.error as { code: string }).code];
const detailsOf = ({ body }: Answer): object => (body.error as { details: object }).details;

describe('projects', () => {
  it('projects are created, listed newest first in pages, read, changed and deleted', async () => {
    const created = await call('POST', '/v1/projects', { name: ' Spring ', externalRef: 'c-7' });
    expect(created).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(/^prj_[0-9a-z]{26}$/),
        name: 'Spring',
        externalRef: 'c-7',
        isDefault: false,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    });
    const path = `/v1/projects/${String(created.body.id)}`;
    const second = await newProject();
    const page = await call('GET', '/v1/projects?limit=1');
    expect(page.body.items).toEqual([expect.objectContaining({ id: second })]);
    const next = await call('GET', `/v1/projects?limit=1&cursor=${String(page.body.nextCursor)}`);
    expect(next.body.items).toEqual([created.body]);
    expect((await call('PATCH', path, { externalRef: null })).body).toEqual({ ...created.body, externalRef: null });
    expect((await call('PATCH', path, { name: 'Summer' })).body).toMatchObject({ name: 'Summer', externalRef: null });
    expect((await call('DELETE', path)).status).toBe(204);
    expect(codeOf(await call('DELETE', path))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('GET', path))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('PATCH', path, { name: 'Autumn' }))).toEqual([404, 'NOT_FOUND']);
  });

  it('projects are found by a bare UUID, and a malformed id in a path is 400', async () => {
    const id = await newProject('by uuid');
    const { rows } = await service.pool.query<{ id: string }>("select id from projects where name = 'by uuid'");
    expect((await call('GET', `/v1/projects/${rows[0]!.id}`)).body.id).toBe(id);
    expect(codeOf(await call('GET', '/v1/projects/prj_7'))).toEqual([400, 'VALIDATION']);
    expect(codeOf(await call('GET', `/v1/projects/${id.replace('prj_', 'acc_')}`))).toEqual([400, 'VALIDATION']);
    expect(codeOf(await call('GET', '/v1/projects/prj_01h455vb4pex5vsknk084sn02v'))).toEqual([404, 'NOT_FOUND']);
  });

  it('names every wrong field at once, with 422', async () => {
    const refused = await call('POST', '/v1/projects', { name: '', externalRef: 7, colour: 'red' });
    expect(codeOf(refused)).toEqual([422, 'VALIDATION']);
    expect(detailsOf(refused)).toEqual({
      issues: expect.arrayContaining([
        { path: 'name', message: expect.any(String) },
        { path: 'externalRef', message: expect.any(String) },
        { path: 'colour', message: 'is not a known field' },
      ]),
    });
  });

  it('projects are not deleted while an account is connected in them, nor where they are the default', async () => {
    const { project, account } = await connect();
    expect(codeOf(await call('DELETE', `/v1/projects/${project}`))).toEqual([409, 'CONFLICT']);
    expect((await call('DELETE', `/v1/social-accounts/${account}`)).status).toBe(200);
    expect((await call('DELETE', `/v1/projects/${project}`)).status).toBe(204);
    const { rows } = await service.pool.query<{ id: string }>(
      "select id from projects where is_default and environment = 'test' limit 1",
    );
    expect(codeOf(await call('DELETE', `/v1/projects/${rows[0]!.id}`))).toEqual([409, 'CONFLICT']);
  });

  it('deleted projects end their unused states, and take no other account', async () => {
    const project = await newProject();
    const body = { platform: 'x', returnUrl: RETURN };
    const { state, authorizeUrl } = (await call('POST', `/v1/projects/${project}/social/oauth-url`, body)).body;
    expect((await call('DELETE', `/v1/projects/${project}`)).status).toBe(204);
    const landing = await service.consent(String(authorizeUrl));
    expect(landing.searchParams.get('layers_oauth_error')).toBe('state_expired');
    expect((await call('GET', `/v1/social/oauth-status/${String(state)}`)).body).toMatchObject({
      status: 'failed',
      error: { code: 'state_expired' },
    });
    expect(codeOf(await call('POST', `/v1/projects/${project}/social/oauth-url`, body))).toEqual([404, 'NOT_FOUND']);
    const account = await service.connect('x', 'happy');
    const moved = await call('PATCH', `/v1/accounts/${account}`, { project_id: project });
    expect([moved.status, moved.body.code]).toEqual([400, 'project.not_found']);
  });
});

describe('a connection through a project', () => {
  it('returns the browser to returnUrl unchanged, and is polled by the creating key alone', async () => {
    const { landing, state, account } = await connect();
    expect(landing.href).toBe(RETURN);
    expect(account).toMatch(/^sa_[0-9a-z]{26}$/);
    const other = await service.api.key({ returnHosts: [HOST] });
    expect(codeOf(await call('GET', `/v1/social/oauth-status/${state}`, undefined, other))).toEqual([404, 'NOT_FOUND']);
  });

  it('adds layers_oauth_error alone where it fails', async () => {
    const project = await newProject();
    const body = { platform: 'x', returnUrl: `${RETURN}&layers_oauth_error=mine&connected=mine` };
    const { authorizeUrl, state } = (await call('POST', `/v1/projects/${project}/social/oauth-url`, body)).body;
    const denied = await fetch(`${String(authorizeUrl)}&sandbox_user=happy&sandbox_decision=deny`, {
      redirect: 'manual',
    });
    const callback = new URL(denied.headers.get('location')!);
    const landed = await service.api.call(callback.pathname + callback.search);
    expect(landed.headers.get('location')).toBe(`${RETURN}&connected=mine&layers_oauth_error=access_denied`);
    expect((await call('GET', `/v1/social/oauth-status/${String(state)}`)).body).toEqual({
      state,
      status: 'failed',
      error: { code: 'access_denied', message: expect.any(String) },
    });
  });

  const hosts: [returnUrl: string, status: number][] = [
    [`https://${HOST}/`, 200],
    ['https://APP.Example.COM/a', 200],
    ['http://localhost:8080/a', 200],
    ['http://localhost/a', 403],
    ['http://localhost:8081/a', 403],
    [`https://${HOST}./`, 403],
    [`https://${HOST}:8443/`, 403],
    [`https://${HOST}:443/`, 403],
    [`https://user@${HOST}/`, 403],
    [`https://${HOST}.evil.example/`, 403],
    [`https://${HOST}@evil.example/`, 403],
    [`https://evil.example\\\\@${HOST}/`, 403],
    ['http://[0:0:0:0:0:0:0:1]:8080/', 403],
    ['http://2130706433:8080/', 403],
    ['http://localhost:08080/', 403],
    [`https://${HOST}:/`, 403],
    [`//${HOST}/`, 403],
    [`http://${HOST}/`, 403],
    ['http://0x7f.1:8080/', 403],
    ['http://127.1:8080/', 403],
    [`https://evil.example/${HOST}`, 403],
  ];
  it.each(hosts)('compares the host of %s exactly, in any case: %i', async (returnUrl, status) => {
    const project = await newProject();
    const started = await call('POST', `/v1/projects/${project}/social/oauth-url`, { platform: 'x', returnUrl });
    expect(started.status).toBe(status);
    if (status === 403) expect(codeOf(started)).toEqual([403, 'RETURN_URL_NOT_ALLOWED']);
  });

  it('compares the host of a reauthorization in the same way', async () => {
    const { project, account } = await connect();
    const answers: [string, number][] = [];
    for (const [returnUrl] of hosts) {
      const body = { socialAccountId: account, returnUrl };
      answers.push([returnUrl, (await call('POST', `/v1/projects/${project}/social/reauth-url`, body)).status]);
    }
    expect(answers).toEqual(hosts);
  });

  it('ends at our own page where the key was revoked before the callback', async () => {
    const project = await newProject();
    const revocable = await service.api.key({ name: 'revocable', returnHosts: [HOST] });
    const body = { platform: 'x', returnUrl: RETURN };
    const started = await call('POST', `/v1/projects/${project}/social/oauth-url`, body, revocable);
    await service.pool.query("update api_keys set revoked_at = now() where name = 'revocable'");
    const landing = await service.consent(String(started.body.authorizeUrl));
    expect(landing.pathname).toBe('/connected');
  });

  it('reports what the key lacks, and that there is no app', async () => {
    const project = await newProject();
    const reader = await service.api.key({ scopes: ['accounts:read'], returnHosts: [HOST] });
    const body = { platform: 'x', returnUrl: RETURN };
    const refused = await call('POST', `/v1/projects/${project}/social/oauth-url`, body, reader);
    expect([...codeOf(refused), detailsOf(refused)]).toEqual([
      403,
      'FORBIDDEN_SCOPE',
      { requiredScope: 'oauth:write' },
    ]);
    const noApp = { platform: 'pinterest', returnUrl: RETURN };
    expect(codeOf(await call('POST', `/v1/projects/${project}/social/oauth-url`, noApp))).toEqual([409, 'CONFLICT']);
  });
});

describe('the accounts of a project', () => {
  it('accounts are those of the other surface, with the same suffix', async () => {
    const { project, account } = await connect();
    const listed = await call('GET', `/v1/projects/${project}/social-accounts?status=connected&platform=x`);
    expect(listed.body).toEqual({
      items: [
        {
          socialAccountId: account,
          platform: 'x',
          handle: expect.any(String),
          avatarUrl: expect.anything(),
          status: 'connected',
          leased: false,
          connectedAt: expect.any(String),
          tokenExpiresAt: expect.any(String),
        },
      ],
      nextCursor: null,
    });
    const same = await call('GET', `/v1/accounts/${account.replace('sa_', 'acc_')}`);
    expect(same.body).toMatchObject({ project_id: project, health: 'active' });
    expect((await call('GET', `/v1/projects/${project}/social-accounts?leased=true`)).body.items).toEqual([]);
    expect((await call('GET', `/v1/social-accounts/${account}/health`)).body).toMatchObject({
      socialAccountId: account,
      status: 'connected',
      token: { state: 'valid' },
      provisioning: { state: 'ready', steps: [] },
      recommendation: 'none',
    });
  });

  it('accounts are disconnected with the count of their posts, once, and listed by that status only', async () => {
    const { project, account } = await connect();
    expect(await call('DELETE', `/v1/social-accounts/${account}`)).toEqual({
      status: 200,
      body: {
        socialAccountId: account,
        status: 'disconnected',
        disconnectedReason: 'revoked_by_partner',
        canceledScheduledPosts: 0,
        disconnectedAt: expect.any(String),
      },
    });
    expect(codeOf(await call('DELETE', `/v1/social-accounts/${account}`))).toEqual([404, 'NOT_FOUND']);
    expect((await call('GET', `/v1/projects/${project}/social-accounts`)).body.items).toEqual([]);
    expect((await call('GET', `/v1/projects/${project}/social-accounts?status=disconnected`)).body.items).toEqual([
      expect.objectContaining({ socialAccountId: account, disconnectedReason: 'revoked_by_partner' }),
    ]);
  });

  it('accounts are reconnected through reauth-url with the same id, in their own project only', async () => {
    const { project, account } = await connect();
    const body = { socialAccountId: account, returnUrl: RETURN };
    const started = await call('POST', `/v1/projects/${project}/social/reauth-url`, body);
    expect((await service.consent(String(started.body.authorizeUrl))).href).toBe(RETURN);
    expect((await call('GET', `/v1/social/oauth-status/${String(started.body.state)}`)).body).toMatchObject({
      status: 'completed',
      socialAccountIds: [account],
    });
    const elsewhere = await newProject();
    expect(codeOf(await call('POST', `/v1/projects/${elsewhere}/social/reauth-url`, body))).toEqual([404, 'NOT_FOUND']);
  });

  it('an account is reconnected where it is, also after a move while the browser is at the platform', async () => {
    const { project, account } = await connect('mei');
    const elsewhere = await newProject();
    const body = { socialAccountId: account, returnUrl: RETURN };
    const started = await call('POST', `/v1/projects/${project}/social/reauth-url`, body);
    const moved = await call('PATCH', `/v1/accounts/${account.replace('sa_', 'acc_')}`, { project_id: elsewhere });
    expect(moved.status).toBe(200);
    await service.consent(String(started.body.authorizeUrl), 'mei');
    expect((await call('GET', `/v1/social/oauth-status/${String(started.body.state)}`)).body).toMatchObject({
      socialAccountIds: [account],
    });
    expect((await call('GET', `/v1/projects/${project}/social-accounts`)).body.items).toEqual([]);
  });

  it('accounts are counted by status and reason, with those first on which a person has to act', async () => {
    const { project, account } = await connect();
    await connect('paula', project);
    await service.pool.query(
      `update accounts set health = 'needs_reauth', health_reason = 'grant_revoked', health_since = now() - interval '1 day'
       where id = (select id from accounts where project_id = (select project_id from accounts
         where id = $1) order by connected_at limit 1)`,
      [await uuidOf(account)],
    );
    expect((await call('GET', `/v1/projects/${project}/social-accounts/health`)).body).toMatchObject({
      counts: { connected: expect.any(Number), reauth_required: 1, disconnected: 0 },
      byReason: { grant_revoked: 1 },
      needsAction: [
        { socialAccountId: account, status: 'reauth_required', reason: 'grant_revoked', recommendation: 'reconnect' },
      ],
      nextCursor: null,
    });
  });

  it('accounts are not found under an unknown project, and a wrong filter is named', async () => {
    const unknown = '/v1/projects/prj_01h455vb4pex5vsknk084sn02v/social-accounts';
    expect(codeOf(await call('GET', unknown))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('GET', `${unknown}?status=disconnected`))).toEqual([404, 'NOT_FOUND']);
    expect(codeOf(await call('GET', `${unknown}/health`))).toEqual([404, 'NOT_FOUND']);
    const project = await newProject();
    const refused = await call('GET', `/v1/projects/${project}/social-accounts?status=gone&limit=201&lost=1`);
    expect(codeOf(refused)).toEqual([422, 'VALIDATION']);
    expect((detailsOf(refused) as { issues: { path: string }[] }).issues.map(({ path }) => path).sort()).toEqual([
      'limit',
      'lost',
      'status',
    ]);
  });
});

const uuidOf = async (account: string): Promise<string> => {
  const { rows } = await service.pool.query<{ id: string }>('select id from accounts');
  const { publicId } = await import('../http/fields.js');
  return rows.find(({ id }) => publicId('sa', id) === account)!.id;
};
