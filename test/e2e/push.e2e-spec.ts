import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { type Account, Backend, type Reply, reply } from '../support/backend.js';
import { session } from '../support/service.js';
import {
  type PushedApp,
  SECRET,
  type Sent,
  type Signing,
  signMeta,
  signTiktok,
  signX,
} from '../support/signed-push.js';

let backend: Backend;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
});

afterAll(async () => {
  const { items } = (await backend.get('/v1/accounts?limit=100')).body as { items: Account[] };
  for (const { id } of items) await backend.delete(`/v1/accounts/${id}`);
});

const send = ({ path, headers, body }: Sent): Promise<Reply> =>
  reply(`${session().apiUrl}${path}`, { method: 'POST', headers, body });

interface Connected {
  app: PushedApp;
  id: string;
  /** The person's id at the platform. */
  userId: string;
}

async function connect(provider: string, persona: string): Promise<Connected> {
  const id = await backend.app(provider, { client_secret: SECRET });
  const { client_id } = (await backend.get(`/v1/oauth-apps/${id}`)).body as { client_id: string };
  const account = await backend.connect(provider, persona, `?oauth_app_id=${id}`);
  const [grant] = await backend.query<{ userId: string }>(
    `select platform_user_id as "userId" from grants where oauth_app_id =
       (select id from oauth_apps where client_id = $1)`,
    [client_id],
  );
  return { app: { id, clientId: client_id, provider }, id: account.id, userId: grant!.userId };
}

/** Seconds, by the clock of the service, which other files have turned. */
async function now(): Promise<{ at: number; t: number }> {
  const [row] = await backend.query<{ now: Date }>('select db_now() as now');
  const at = Math.ceil(row!.now.getTime() / 1_000);
  return { at, t: at };
}

/** A call with a wrong signature changes nothing; the right one moves the account to needs_reauth at once. */
async function expectDeauthorized({ app, id, userId }: Connected, sign: Signing): Promise<void> {
  const forged = await send(sign(app, userId, { ...(await now()), secret: 'another' }));
  expect([forged.status, forged.body]).toEqual([401, '']);
  expect(await backend.account(id)).toMatchObject({ health: 'active' });
  expect((await send(sign(app, userId, await now()))).status).toBe(200);
  expect(await backend.account(id)).toMatchObject({ health: 'needs_reauth', health_reason: 'deauthorized_by_user' });
}

describe('POST /v1/callbacks/{family}', () => {
  it('takes the signed call of TikTok, whose body names the app, and moves the account to needs_reauth at once', async () => {
    await expectDeauthorized(await connect('tiktok', 'omar'), signTiktok);
  });
});

describe('POST /v1/callbacks/{family}/{oauthAppId}', () => {
  it('takes the signed call of X, and moves the account to needs_reauth at once', async () => {
    await expectDeauthorized(await connect('x', 'omar'), signX);
  });
});

describe('GET /v1/callbacks/{family}/{oauthAppId}', () => {
  it('answers the challenge of X with the signature of the app; 401 without a challenge or for an unknown app', async () => {
    const app = await backend.app('x', { client_secret: SECRET });
    const url = `${session().apiUrl}/v1/callbacks/x/${app}`;
    const { status, body } = await reply(`${url}?crc_token=challenge`);
    const signature = createHmac('sha256', SECRET).update('challenge').digest('base64');
    expect([status, body]).toEqual([200, { response_token: `sha256=${signature}` }]);
    expect((await reply(url)).status).toBe(401);
    const unknown = `${session().apiUrl}/v1/callbacks/x/oa_01h455vb4pex5vsknk084sn02q?crc_token=challenge`;
    expect((await reply(unknown)).status).toBe(401);
  });
});

describe('POST /v1/callbacks/{family}/{oauthAppId}/{topic}', () => {
  it('deauthorize: takes the signed request of Meta, and moves the account to needs_reauth at once', async () => {
    await expectDeauthorized(await connect('instagram', 'omar'), signMeta);
  });

  it('data-deletion: destroys what belongs to the user, and answers the URL and the code of a status page', async () => {
    const { app, id, userId } = await connect('instagram', 'paula');
    const sent = signMeta(app, userId, { ...(await now()), topic: 'data-deletion' });
    const { status, body } = await send(sent);
    expect([status, body]).toEqual([200, { url: expect.any(String), confirmation_code: expect.any(String) }]);
    expect(await backend.account(id)).toMatchObject({
      ...{ health: 'needs_reauth', handle: null, display_name: null, avatar_url: null, metadata: {} },
    });
    const { url, confirmation_code } = body as { url: string; confirmation_code: string };
    expect(url).toBe(`${session().apiUrl}/data-deletion/${confirmation_code}`);
    expect((await send(sent)).body).toEqual(body);
  });
});

describe('GET /data-deletion/{code}', () => {
  it('is a page that shows that the data were deleted, and 404 for an unknown code', async () => {
    const { app, userId } = await connect('facebook', 'one-page');
    const { body } = await send(signMeta(app, userId, { ...(await now()), topic: 'data-deletion' }));
    const page = await reply((body as { url: string }).url);
    expect([page.status, String(page.body)]).toEqual([200, expect.stringContaining('Your data were deleted')]);
    expect((await reply(`${session().apiUrl}/data-deletion/UNKNOWN`)).status).toBe(404);
  });
});
