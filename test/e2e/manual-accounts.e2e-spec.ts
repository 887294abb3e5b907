import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { newId, publicId } from '#persistence';
import { type Account, Backend, type PlatformCall, type Reply, until } from '../support/backend.js';
import { session } from '../support/service.js';
import { OwnOAuth } from '../support/supplied-tokens.js';

type Manual = Account & { connection_type: string; oauth_app_id: string | null; platform_account_id: string };
type Platform = 'x' | 'linkedin' | 'facebook';

const PERSONA = 'unicode-handle';
const SECRET = 'shh';

let backend: Backend;
const apps: Record<string, { id: string; client_id: string; redirect_uri: string }> = {};

beforeAll(async () => {
  backend = await Backend.withTokens(session());
  for (const provider of ['x', 'linkedin', 'facebook']) {
    const id = await backend.app(provider, { client_secret: SECRET });
    apps[provider] = (await backend.get(`/v1/oauth-apps/${id}`)).body as (typeof apps)[string];
  }
});

/** Accounts of this file alone: others have the same customer. */
const made = new Set<string>();
afterAll(async () => {
  await backend.control('DELETE', '/faults');
  for (const id of made) await backend.delete(`/v1/accounts/${id}`);
});

const own = (provider: Platform): OwnOAuth => {
  const { client_id: clientId, redirect_uri: redirectUri } = apps[provider]!;
  return new OwnOAuth(session().sandboxUrl, provider, { clientId, redirectUri, clientSecret: SECRET });
};
const callsOf = async (endpoint: string, since: number): Promise<PlatformCall[]> =>
  (await backend.calls(`provider=x&endpoint=${endpoint}&since=${since}`)).filter(({ persona }) => persona === PERSONA);
const latest = async (): Promise<number> => (await backend.calls()).at(-1)?.seq ?? 0;
const fault = (plan: object): Promise<Reply> => backend.control('POST', '/faults', plan);
const refused = ({ status, body }: Reply): [number, string, string | undefined] => {
  const { code, errors } = body as { code: string; errors?: [{ field: string }] };
  return [status, code, errors?.[0].field];
};

async function post(body: object): Promise<Reply<Manual>> {
  const answer: Reply<Manual> = await backend.post('/v1/accounts', body);
  if (answer.status < 300) made.add(answer.body.id);
  return answer;
}

/** The body for tokens of a person that the client got itself. */
async function supplied(
  provider: Platform = 'x',
  persona = PERSONA,
): Promise<{ credentials: object; platform_account_id: string }> {
  const { access_token, refresh_token } = await own(provider).tokens(persona);
  return {
    platform_account_id: await own(provider).userId(access_token),
    credentials: { access_token, ...(refresh_token && { refresh_token }) },
  };
}

describe('POST /v1/accounts', () => {
  it('answers 201 with a manual account, whose token can be read and used through the proxy', async () => {
    const body = await supplied('x', 'omar');
    const { status, body: account } = await post({
      provider: 'x',
      ...body,
      metadata: { team: 'north' },
      handle: 'ours',
    });
    expect([status, account]).toMatchObject([
      201,
      {
        ...{
          provider: 'x',
          platform_account_id: body.platform_account_id,
          connection_type: 'manual',
          health: 'active',
        },
        ...{ handle: 'ours', metadata: { team: 'north' }, oauth_app_id: null, token_expires_at: null },
        next_refresh_at: null,
      },
    ]);
    const { access_token } = body.credentials as { access_token: string };
    expect((await backend.get(`/v1/accounts/${account.id}/token`)).body).toMatchObject({
      access_token,
      expires_at: null,
    });
    const proxied = await backend.get(`/v1/accounts/${account.id}/proxy/2/users/me`);
    expect([proxied.status, proxied.body]).toMatchObject([200, { data: { username: 'omar_ordinary' } }]);
    expect(refused(await backend.post(`/v1/accounts/${account.id}/refresh`))[1]).toBe('account.not_refreshable');
  });

  it('takes platform for provider, and answers 200 with the same id where the profile is connected already', async () => {
    const body = await supplied('linkedin', 'mei');
    const first = await post({
      platform: 'linkedin',
      ...body,
      credentials: { ...body.credentials, author_urn: `urn:li:person:${body.platform_account_id}` },
    });
    const again = await post({
      provider: 'linkedin',
      ...(await supplied('linkedin', 'mei')),
      oauth_app_id: apps.linkedin!.id,
    });
    expect([first.status, again.status, again.body.id]).toEqual([201, 200, first.body.id]);
    await backend.delete(`/v1/accounts/${first.body.id}`);
    const anew = await post({ provider: 'linkedin', ...(await supplied('linkedin', 'mei')) });
    expect([anew.status, anew.body.id === first.body.id]).toEqual([201, false]);
  });

  it('answers 422 credentials.rejected to a token that the platform refuses, 422 credentials.mismatch to that of another profile', async () => {
    const body = await supplied('x', 'paula');
    expect(refused(await post({ provider: 'x', ...body, credentials: { access_token: 'nothing' } }))).toEqual([
      422,
      'credentials.rejected',
      'credentials.access_token',
    ]);
    expect(refused(await post({ provider: 'x', ...body, platform_account_id: '2244994945' }))).toEqual([
      422,
      'credentials.mismatch',
      'platform_account_id',
    ]);
  });

  it('stores it as degraded where the platform is unreachable, and verify false sends no request', async () => {
    const body = await supplied('x', 'paula');
    await fault({ provider: 'x', endpoint: 'identity', status: 503, times: 50 });
    const since = await latest();
    const trusting = await post({ provider: 'x', ...body, verify: false });
    expect([trusting.status, trusting.body.health]).toEqual([201, 'active']);
    expect(
      (await backend.calls(`provider=x&endpoint=identity&since=${since}`)).filter(({ persona }) => persona === 'paula'),
    ).toEqual([]);
    await backend.delete(`/v1/accounts/${trusting.body.id}`);
    const { status, body: unreached } = await post({ provider: 'x', ...body });
    expect([status, unreached.health, unreached.health_reason]).toEqual([201, 'degraded', 'provider_unavailable']);
    await backend.control('DELETE', '/faults');
    await backend.post(`/v1/accounts/${unreached.id}/probe`);
    await backend.accountUntil(unreached.id, ({ health }) => health === 'active');
  });

  it('is connected with the token of a person at Facebook as the Page of page_id, whose token is read and used', async () => {
    const { access_token } = await own('facebook').tokens('one-page');
    const page = '1000022449951021';
    const { status, body } = await post({
      ...{ provider: 'facebook', platform_account_id: page, oauth_app_id: apps.facebook!.id },
      credentials: { access_token, page_id: page },
    });
    expect([status, body.health, body.token_expires_at]).toEqual([201, 'active', null]);
    const token = (await backend.get(`/v1/accounts/${body.id}/token`)).body as { access_token: string };
    expect(token.access_token).not.toBe(access_token);
    expect((await backend.get(`/v1/accounts/${body.id}/proxy/v25.0/me`)).body).toMatchObject({ id: page });
  });

  it.each([
    ['credentials', { credentials: undefined }],
    ['credentials.access_token', { credentials: {} }],
    ['platform_account_id', { platform_account_id: '' }],
    ['platform_account_id', { platform_account_id: '1'.repeat(256) }],
    ['provider', { provider: undefined }],
    ['credentials.page_id', { credentials: { access_token: 'a', page_id: '1' } }],
    ['metadata', { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`key-${n}`, 'x'])) }],
    ['oauth_app_id', { oauth_app_id: 'oa_01h455vb4pex5vsknk084sn02q' }],
    ['project_id', { project_id: 'prj_01h455vb4pex5vsknk084sn02q' }],
    ['health', { health: 'active' }],
  ])('answers 4xx and names %s', async (field, fields) => {
    const body = { provider: 'x', platform_account_id: '1', credentials: { access_token: 'a' }, ...fields };
    const [status, , named] = refused(await post(body));
    expect([status, named]).toEqual([field === 'oauth_app_id' ? 404 : 400, field]);
  });
});

describe('An account with supplied tokens', () => {
  it('is refreshed by the worker, probed, replaced by a consent and back, and revoked at the platform', async () => {
    const since = await latest();
    const app = { oauth_app_id: apps.x!.id };
    const body = await supplied();
    const expired = { ...body.credentials, expires_at: '2026-01-01T00:00:00Z' };
    const first = await post({ provider: 'x', ...body, ...app, credentials: expired });
    expect([first.status, first.body.connection_type, first.body.health]).toEqual([201, 'manual', 'degraded']);
    const { id } = first.body;

    const refreshed = await backend.accountUntil(id, ({ health }) => health === 'active', 45);
    expect(refreshed.last_refreshed_at).not.toBeNull();
    const exchanges = await callsOf('token', since);
    expect(exchanges.filter((call) => call.grant_type === 'refresh_token')).toMatchObject([{ outcome: 'ok' }]);

    expect(await backend.post(`/v1/accounts/${id}/probe`)).toMatchObject({ status: 200, body: { health: 'active' } });

    const consented = await backend.connect('x', PERSONA, `?oauth_app_id=${app.oauth_app_id}`);
    expect(consented).toMatchObject({ id, connection_type: 'oauth' });
    const again = await post({ provider: 'x', ...(await supplied()), ...app });
    expect([again.status, again.body.id, again.body.connection_type]).toEqual([200, id, 'manual']);

    const before = await latest();
    expect((await backend.delete(`/v1/accounts/${id}`)).status).toBe(204);
    const revoked = await until(
      () => callsOf('revoke', before),
      (calls) => calls.some(({ outcome }) => outcome === 'ok'),
      40,
    );
    expect(revoked).toContainEqual(expect.objectContaining({ outcome: 'ok' }));
    expect((await post({ provider: 'x', ...(await supplied()), ...app })).body.id).not.toBe(id);
  }, 150_000);

  it('is extended at Instagram, where the access token itself is refreshed with the app', async () => {
    const app = await backend.app('instagram');
    const connected = (await backend.connect('instagram', 'omar', `?oauth_app_id=${app}`)) as Manual;
    made.add(connected.id);
    const { access_token, expires_at } = (await backend.get(`/v1/accounts/${connected.id}/token`)).body as {
      access_token: string;
      expires_at: string;
    };
    const project = newId();
    await backend.query(
      `insert into projects (id, workspace_id, environment, name)
       select $1, workspace_id, environment, 'instagram by hand' from accounts where id = $2`,
      [project, TypeID.fromString(connected.id).toUUID()],
    );
    const { platform_account_id } = connected;
    const { status, body } = await post({
      ...{ provider: 'instagram', platform_account_id, project_id: publicId('prj', project), oauth_app_id: app },
      credentials: { access_token, expires_at, ig_user_id: platform_account_id },
    });
    expect([status, body.connection_type, body.health]).toEqual([201, 'manual', 'active']);
    await backend.pass(62);
    expect((await backend.post(`/v1/accounts/${body.id}/refresh`)).status).toBe(200);
    const after = await backend.account(body.id);
    expect(Date.parse(after.token_expires_at!)).toBeGreaterThan(Date.parse(body.token_expires_at!));
    const extended = (await backend.get(`/v1/accounts/${body.id}/token`)).body as { access_token: string };
    expect(extended.access_token).not.toBe(access_token);
  });
});
