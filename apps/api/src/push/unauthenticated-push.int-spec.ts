import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Database } from '#persistence';
import { Vault } from '#tokens';
import { ConnectedApi } from '../../../../test/support/connected-api.js';
import {
  NOW,
  type PushedApp,
  type Sent,
  signMeta,
  signTiktok,
  signX,
  type Signing,
} from '../../../../test/support/signed-push.js';
import { uuidOf } from '../http/fields.js';

const APP: PushedApp = { id: '', provider: 'tiktok', clientId: 'id-of-tiktok' };
const secret = 'shh';
const sign: Signing = (app, userId, over) => signTiktok(app, userId, { secret, ...over });

let connected: ConnectedApi;
let opened: jest.SpiedFunction<Vault['openClientSecret']>;

beforeAll(async () => {
  connected = await ConnectedApi.open();
});
afterAll(() => connected.close());
beforeEach(() => {
  opened = jest.spyOn(Vault.prototype, 'openClientSecret');
});

async function send({ path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  opened.mockClear();
  const answer = await connected.api.call(path, { method: 'POST', headers, body });
  return { status: answer.status, text: await answer.text() };
}

const OA = 'oa_01h455vb4pex5vsknk084sn02s';
const META = `/v1/callbacks/meta/${OA}/deauthorize`;

function unsignedMeta(payload: object): Sent {
  const encoded = Buffer.from(JSON.stringify(payload)).toString('base64url');
  const body = `signed_request=${Buffer.alloc(32).toString('base64url')}.${encoded}`;
  return { path: META, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
}

const emptyRefusal = { status: 401, text: '' };
const health = async (id: string): Promise<unknown> => (await connected.get(`/v1/accounts/${id}`)).body.health;

/** Connects the sandbox person that all tests share. Returns the account and the platform's id of the person. */
async function connect(): Promise<{ id: string; userId: string }> {
  const id = await connected.connect('tiktok');
  const { rows } = await connected.pool.query<{ userId: string }>(
    `select platform_user_id as "userId" from grants where provider = 'tiktok' and ended_reason is null`,
  );
  return { id, userId: rows[0]?.userId ?? '' };
}

/** Newer apps of other tenants with the same client id; no secret of them opens. */
async function crowd(tenants: number): Promise<void> {
  await connected.pool.query(
    `with space as (insert into workspaces (id, name) select gen_random_uuid(), 'crowd-' || n from generate_series(1, $2::int) n returning id),
      app as (insert into oauth_apps (id, workspace_id, environment, provider, name, client_id, scopes)
        select gen_random_uuid(), id, 'live', 'tiktok', 'crowd', $1, '{}' from space returning id)
     insert into oauth_app_secrets (oauth_app_id, version, sealed_client_secret, dek_wrapped, kek_id)
      select app.id, 1, sealed_client_secret, dek_wrapped, kek_id from app, (select * from oauth_app_secrets limit 1) secret`,
    [APP.clientId, tenants],
  );
}

const breakSeal = (appId: string): Promise<unknown> =>
  connected.pool.query(`update oauth_app_secrets set sealed_client_secret = 'broken' where oauth_app_id = $1`, [
    uuidOf('oa', appId),
  ]);

describe('a call without a credential', () => {
  it('opens at most ten secrets for an app of a thousand tenants, among them that of the connected person', async () => {
    const { id, userId } = await connect();
    await crowd(1_000);
    expect(await send(sign(APP, userId))).toEqual({ status: 200, text: '' });
    expect(opened.mock.calls.length).toBeLessThanOrEqual(10);
    expect(await health(id)).toBe('needs_reauth');
  });

  it.each<[what: string, sent: () => Sent]>([
    ['an old time', () => sign(APP, '1', { t: NOW() - 330 })],
    ['a future time', () => sign(APP, '1', { t: NOW() + 330 })],
    ['a header of another form', () => ({ ...sign(APP, '1'), headers: { 'tiktok-signature': 't=1,s=0' } })],
    ['no header', () => ({ ...sign(APP, '1'), headers: {} })],
    ['a signed request without a time', () => unsignedMeta({ algorithm: 'HMAC-SHA256', user_id: '1' })],
    [
      'a signed request of last week',
      () => unsignedMeta({ algorithm: 'HMAC-SHA256', user_id: '1', issued_at: NOW() - 7 * 86_400 }),
    ],
    ['a signed request that is none', () => ({ ...signMeta(APP, '1'), path: META, body: 'signed_request=a.b' })],
    ['an event of last week', () => signX({ ...APP, id: OA }, '1', { at: NOW() - 7 * 86_400 })],
    [
      'a signature of another form',
      () => ({ ...signX({ ...APP, id: OA }, '1'), headers: { 'x-twitter-webhooks-signature': 'sha256=abc' } }),
    ],
    ['a family of URLs that is none', () => ({ ...sign(APP, '1'), path: '/v1/callbacks/nowhere' })],
  ])('is refused before any look-up of an app with %s', async (_what, sent) => {
    const query = jest.spyOn(connected.api.app.get(Database, { strict: false }).pool, 'query');
    expect(await send(sent())).toEqual(emptyRefusal);
    // The counter of requests passes an object with the text and a name.
    expect(query.mock.calls.filter(([statement]) => JSON.stringify(statement).includes('oauth_apps'))).toEqual([]);
    jest.restoreAllMocks();
  });

  it('is verified for one app though the secret of another with the same client id does not open', async () => {
    const { id, userId } = await connect();
    const claim = { provider: 'tiktok', name: 'theirs', client_id: APP.clientId, client_secret: 'another' };
    const theirs = (await (
      await connected.api.post('/v1/oauth-apps', await connected.api.key({ workspace: 'theirs' }), claim)
    ).json()) as PushedApp;
    await breakSeal(theirs.id);
    expect((await send(sign(APP, userId))).status).toBe(200);
    expect(await health(id)).toBe('needs_reauth');
  });

  it('gets 401 without a body for an app whose secret does not open, a challenge too', async () => {
    const id = await connected.app('x', { client_id: 'sealed-badly' });
    await breakSeal(id);
    expect(await send(signX({ ...APP, id }, '1', { secret }))).toEqual(emptyRefusal);
    expect((await connected.api.call(`/v1/callbacks/x/${id}?crc_token=abc`)).status).toBe(401);
  });

  it('gets 401 without a body for a value that cannot be stored, or has no effect where it is signed', async () => {
    expect(await send(sign({ ...APP, clientId: 'a\u0000' }, '1'))).toEqual(emptyRefusal);
    expect((await send(sign(APP, 'a\u0000'))).status).toBe(200);
  });

  it.each(['/data-deletion/%00', '/data-deletion/x', `/data-deletion/${'A'.repeat(8_000)}`])(
    'finds no deletion at %s',
    async (path) => {
      expect((await connected.api.call(path)).status).toBe(404);
    },
  );
});
