import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../support/connected-api.js';

let connected: ConnectedApi;
let foreignApp: string;
let stored: unknown;

const count = async (): Promise<unknown> =>
  (
    await connected.pool.query(
      'select (select count(*) from accounts) as accounts, (select count(*) from grants) as grants, (select count(*) from outbox) as events',
    )
  ).rows;

beforeAll(async () => {
  connected = await ConnectedApi.open();
  const stranger = await connected.api.key({ workspace: 'stranger' });
  const app = { provider: 'x', name: 'theirs', client_id: 'theirs', client_secret: 'shh' };
  foreignApp = ((await (await connected.api.post('/v1/oauth-apps', stranger, app)).json()) as { id: string }).id;
  stored = await count();
});
afterAll(() => connected.close());

interface Problem {
  code: string;
  detail: string;
  errors?: { field: string }[];
}

async function send(body: unknown): Promise<{ status: number; problem: Problem; text: string }> {
  const answer = await connected.api.call('/v1/accounts', {
    as: connected.key,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, problem: JSON.parse(text) as Problem, text };
}

const VALID = {
  provider: 'x',
  platform_account_id: '42',
  credentials: { access_token: 'a-token' } as Record<string, unknown>,
  verify: false,
};
const withTokens = (more: object): object => ({ ...VALID, credentials: { ...VALID.credentials, ...more } });
const lacking = (name: string): object => Object.fromEntries(Object.entries(VALID).filter(([field]) => field !== name));
const on = (provider: string, more: object, id = '42'): object => ({
  ...withTokens(more),
  ...{ provider, platform_account_id: id },
});

const TOKEN = 'credentials.access_token';
const PAST = '2020-01-01T00:00:00Z';

describe('a body that is not valid', () => {
  it.each<[what: string, field: string, body: unknown]>([
    ['no provider', 'provider', lacking('provider')],
    ['an unknown provider', 'provider', { ...VALID, provider: 'myspace' }],
    ['a provider that is a name in a prototype', 'provider', { ...VALID, provider: 'constructor' }],
    ['another platform than the provider', 'platform', { ...VALID, platform: 'tiktok' }],
    ['no profile', 'platform_account_id', lacking('platform_account_id')],
    ['an empty profile', 'platform_account_id', { ...VALID, platform_account_id: '' }],
    ['a profile that is a number', 'platform_account_id', { ...VALID, platform_account_id: 42 }],
    ['a profile of 256 characters', 'platform_account_id', { ...VALID, platform_account_id: '4'.repeat(256) }],
    ['a profile with NUL', 'platform_account_id', { ...VALID, platform_account_id: '4\u00002' }],
    ['a profile with half a surrogate pair', 'platform_account_id', { ...VALID, platform_account_id: '\ud800' }],
    ['a profile that is no digits', 'platform_account_id', { ...VALID, platform_account_id: '42x' }],
    ['a profile of zero', 'platform_account_id', { ...VALID, platform_account_id: '0' }],
    ['a profile of other digits', 'platform_account_id', { ...VALID, platform_account_id: '４２' }],
    ['no credentials', 'credentials', lacking('credentials')],
    ['credentials that are a text', 'credentials', { ...VALID, credentials: 'a-token' }],
    ['credentials that are a list', 'credentials', { ...VALID, credentials: ['a-token'] }],
    ['credentials that are null', 'credentials', { ...VALID, credentials: null }],
    ['no access token', TOKEN, { ...VALID, credentials: {} }],
    ['an empty access token', TOKEN, withTokens({ access_token: '' })],
    ['an access token with a space', TOKEN, withTokens({ access_token: 'Bearer abc' })],
    ['an access token with a line break', TOKEN, withTokens({ access_token: 'abc\r\nX-Evil: 1' })],
    ['an access token with NUL', TOKEN, withTokens({ access_token: 'abc\u0000' })],
    ['an access token of other letters', TOKEN, withTokens({ access_token: 'töken' })],
    ['an access token of 16,385 characters', TOKEN, withTokens({ access_token: 'a'.repeat(16_385) })],
    ['an access token that is an object', TOKEN, withTokens({ access_token: { $ne: null } })],
    ['an empty refresh token', 'credentials.refresh_token', withTokens({ refresh_token: '' })],
    ['a refresh token that is null', 'credentials.refresh_token', withTokens({ refresh_token: null })],
    ['an end without a zone', 'credentials.expires_at', withTokens({ expires_at: '2030-01-01T00:00:00' })],
    ['an end that is a number', 'credentials.expires_at', withTokens({ expires_at: 1_893_456_000 })],
    [
      'an end on a day that does not exist',
      'credentials.expires_at',
      withTokens({ expires_at: '2030-02-30T00:00:00Z' }),
    ],
    ['an end beyond the year 9999', 'credentials.expires_at', withTokens({ expires_at: '+275760-09-13T00:00:00Z' })],
    ['an end in the past and nothing to refresh with', 'credentials.expires_at', withTokens({ expires_at: PAST })],
    ['no scope in the list', 'credentials.scopes', withTokens({ scopes: [] })],
    ['65 scopes', 'credentials.scopes', withTokens({ scopes: Array.from({ length: 65 }, (_, n) => `s${n}`) })],
    ['a scope with a space', 'credentials.scopes', withTokens({ scopes: ['a b'] })],
    ['an unknown member of the credentials', 'credentials.api_key', withTokens({ api_key: 'k' })],
    ['a field of another platform', 'credentials.page_id', withTokens({ page_id: '42' })],
    ['the id of another Page', 'credentials.page_id', on('facebook', { page_id: '43' })],
    ['the id of another professional account', 'credentials.ig_user_id', on('instagram', { ig_user_id: '43' })],
    ['the author of another member', 'credentials.author_urn', on('linkedin', { author_urn: 'urn:li:person:b' }, 'a')],
    ['an organisation', 'credentials.author_urn', on('linkedin', { author_urn: 'urn:li:organization:a' }, 'a')],
    ['a field that is a number', 'credentials.page_id', on('facebook', { page_id: 42 })],
    ['a refresh token where none exist', 'credentials.refresh_token', on('instagram', { refresh_token: 'r' })],
    ['an unknown field', 'workspace_id', { ...VALID, workspace_id: 'w' }],
    ['a field that the service derives', 'health', { ...VALID, health: 'active' }],
    ['a field that names the connection', 'connection_type', { ...VALID, connection_type: 'leased' }],
    ['a handle that is invisible', 'handle', { ...VALID, handle: '\u200b' }],
    ['a handle that turns the direction', 'handle', { ...VALID, handle: 'a\u202eb' }],
    ['a project of another kind', 'project_id', { ...VALID, project_id: 'acc_01h455vb4pex5vsknk084sn02q' }],
    ['an unknown project', 'project_id', { ...VALID, project_id: 'prj_01h455vb4pex5vsknk084sn02q' }],
    ['an app that is no id', 'oauth_app_id', { ...VALID, oauth_app_id: "' or 1=1 --" }],
    ['an unknown app', 'oauth_app_id', { ...VALID, oauth_app_id: 'oa_01h455vb4pex5vsknk084sn02s' }],
    ['metadata that is a list', 'metadata', { ...VALID, metadata: [] }],
    [
      '51 keys of metadata',
      'metadata',
      { ...VALID, metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v'])) },
    ],
    ['metadata with a number', 'metadata.n', { ...VALID, metadata: { n: 1 } }],
    ['metadata with null', 'metadata.n', { ...VALID, metadata: { n: null } }],
    ['a verify that is a text', 'verify', { ...VALID, verify: 'false' }],
    ['two bodies in one list', 'body', [VALID, VALID]],
    ['null', 'body', 'null'],
  ])('is refused with the name of its field and stores nothing: %s', async (_, field, body) => {
    const { status, problem, text } = await send(body);
    expect([status >= 400 && status < 500, problem.errors?.map((one) => one.field)]).toEqual([
      true,
      expect.arrayContaining([expect.stringMatching(new RegExp(`^${field.replaceAll('.', '\\.')}(\\.\\d+)?$`))]),
    ]);
    expect(text).not.toContain('a-token');
    expect(await count()).toEqual(stored);
  });

  it.each([
    ['no JSON', '{"provider":', 400],
    ['a prototype', '{"__proto__":{"verify":false},"provider":"x"}', 400],
    ['a name given twice', '{"provider":"x","provider":"tiktok"}', 400],
    ['deep nesting', `{"metadata":${'{"a":'.repeat(50)}1${'}'.repeat(50)}}`, 400],
    ['102,401 bytes', JSON.stringify({ ...VALID, handle: 'a'.repeat(102_401) }), 413],
  ])('is refused before it is read: %s', async (_, body, expected) => {
    const { status } = await send(body);
    expect(status).toBe(expected);
    expect(await count()).toEqual(stored);
  });

  it('may not name an app of another tenant, which is answered like an unknown one', async () => {
    const theirs = await send({ ...VALID, oauth_app_id: foreignApp });
    const unknown = await send({ ...VALID, oauth_app_id: 'oa_01h455vb4pex5vsknk084sn02s' });
    expect(theirs.status).toBe(404);
    expect({ ...theirs.problem, request_id: '' }).toEqual({ ...unknown.problem, request_id: '' });
  });
});
