import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PushedApi } from '../../../../test/support/pushed-api.js';
import {
  hmac,
  NOW,
  OTHER,
  type PushedApp,
  SECRET,
  signMeta,
  signTiktok,
  signX,
  type Signing,
} from '../../../../test/support/signed-push.js';

let pushed: PushedApi;
beforeAll(async () => {
  pushed = await PushedApi.open();
});
afterAll(() => pushed.close());
beforeEach(() => pushed.begin());

const platforms: [provider: string, sign: Signing][] = [
  ['x', signX],
  ['tiktok', signTiktok],
  ['instagram', signMeta],
  ['facebook', signMeta],
];

describe.each(platforms)('a push of %s', (provider, sign) => {
  let app: PushedApp;
  let id: string;
  let userId: string;
  beforeEach(async () => {
    app = await pushed.makeApp(provider);
    id = await pushed.connect(app, { persona: provider === 'facebook' ? 'many-pages' : 'happy' });
    userId = await pushed.platformUserOf(app);
  });

  it('revokes the grant at once: the account needs a new consent, and has the reason', async () => {
    const answer = await pushed.send(sign(app, userId));
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(await pushed.account(id)).toMatchObject({
      health: 'needs_reauth',
      health_reason: 'deauthorized_by_user',
      next_refresh_at: null,
    });
    expect((await pushed.events(id)).map(({ type }) => type)).toEqual([
      'connection.revoked',
      'account.health_changed',
      'account.connected',
    ]);
    expect(await pushed.tokensOf(app)).toBe(0);
  });

  it('gets the same response when repeated, and changes nothing', async () => {
    await pushed.send(sign(app, userId));
    const before = await pushed.stored();
    expect((await pushed.send(sign(app, userId))).status).toBe(200);
    expect(await pushed.stored()).toBe(before);
  });

  it('is accepted for an unknown person, and changes nothing', async () => {
    const before = await pushed.stored();
    expect((await pushed.send(sign(app, '4242'))).status).toBe(200);
    expect(await pushed.stored()).toBe(before);
  });

  it('gets 401 without a body when signed with another secret', () =>
    pushed.expectRefusal(sign(app, userId, { secret: OTHER })));

  it('gets 401 without a body when changed in transit', async () => {
    const sent = sign(app, userId);
    const body =
      provider === 'x' || provider === 'tiktok'
        ? `${sent.body} `
        : sent.body.replace(/(.)$/, (last) => (last === 'A' ? 'B' : 'A'));
    await pushed.expectRefusal({ ...sent, body });
  });

  it('gets 401 without a body when it lacks signature or body or names an unknown app', async () => {
    const sent = sign(app, userId);
    await pushed.expectRefusal({
      ...sent,
      headers: { 'content-type': 'application/json' },
      body: provider === 'x' || provider === 'tiktok' ? sent.body : '',
    });
    await pushed.expectRefusal({ ...sent, body: '' });
    await pushed.expectRefusal(sign({ ...app, id: 'oa_01h455vb4pex5vsknk084sn02s', clientId: 'unknown' }, userId));
    await pushed.expectRefusal(sign({ ...app, id: 'oa_nonsense', clientId: '' }, userId));
  });

  it('changes no grant of an app other than the signed one', async () => {
    const otherKey = await pushed.keyOf(`other-${provider}`);
    const other = await pushed.makeApp(provider, 'other-', otherKey);
    expect((await pushed.send(sign(other, userId))).status).toBe(200);
    expect(await pushed.account(id)).toMatchObject({ health: 'active' });
  });

  it('triggers a check instead of a revocation when it is older than the present consent', async () => {
    expect((await pushed.send(sign(app, userId, { at: NOW() - 3_600 }))).status).toBe(200);
    expect(await pushed.account(id)).toMatchObject({ health: 'active' });
    const { rows } = await pushed.pool.query(
      'select distinct probe_due_at <= db_now() as due from accounts join oauth_apps app on app.id = oauth_app_id where client_id = $1',
      [app.clientId],
    );
    expect(rows).toEqual([{ due: true }]);
  });

  it('is followed by a reconnect that brings the same account back', async () => {
    await pushed.send(sign(app, userId));
    expect(await pushed.connect(app, { persona: provider === 'facebook' ? 'many-pages' : 'happy' })).toBe(id);
    expect(await pushed.account(id)).toMatchObject({ health: 'active', health_reason: null });
  });

  it('is refused at the URL of another platform', async () => {
    const sent = sign(app, userId);
    await pushed.expectRefusal({ ...sent, path: sent.path.replace(/callbacks\/\w+/, 'callbacks/nowhere') });
    await pushed.expectRefusal({
      ...sent,
      path: provider === 'x' ? sent.path.replace('/x/', '/meta/') : `/v1/callbacks/x/${app.id}`,
    });
  });
});

describe('a push about a person with several accounts', () => {
  it('reaches each account of the grant, Pages with tokens of their own too', async () => {
    const app = await pushed.makeApp('facebook');
    await pushed.connect(app, { persona: 'many-pages' });
    expect(await pushed.tokensOf(app)).toBeGreaterThan(2);
    await pushed.send(signMeta(app, await pushed.platformUserOf(app)));
    const pages = await pushed.accounts();
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages)
      expect(page).toMatchObject({ health: 'needs_reauth', health_reason: 'deauthorized_by_user' });
    expect(await pushed.tokensOf(app)).toBe(0);
  });
});

describe('a push of a platform with one URL for all apps', () => {
  it('whose signature is older than five minutes gets 401 without a body', async () => {
    const app = await pushed.makeApp('tiktok');
    await pushed.connect(app);
    await pushed.expectRefusal(signTiktok(app, await pushed.platformUserOf(app), { t: NOW() - 330 }));
  });

  it('whose signature has a time in the future gets 401 without a body', async () => {
    const app = await pushed.makeApp('tiktok');
    await pushed.connect(app);
    await pushed.expectRefusal(signTiktok(app, await pushed.platformUserOf(app), { t: NOW() + 330 }));
  });

  it('is accepted and ignored when it concerns no grant', async () => {
    const app = await pushed.makeApp('tiktok');
    const body = JSON.stringify({
      client_key: app.clientId,
      event: 'video.publish.completed',
      user_openid: 'x',
      content: '{}',
    });
    const headers = { 'tiktok-signature': `t=${NOW()},s=${hmac(`${NOW()}.${body}`, SECRET, 'hex')}` };
    expect((await pushed.send({ path: '/v1/callbacks/tiktok', headers, body })).status).toBe(200);
  });

  it('reaches an app although another tenant claims its client id with another secret', async () => {
    const app = await pushed.makeApp('tiktok');
    const thief = await pushed.keyOf('thief');
    const claim = { provider: 'tiktok', name: 'mine', client_id: app.clientId, client_secret: OTHER };
    expect((await pushed.api.post('/v1/oauth-apps', thief, claim)).status).toBe(201);
    const id = await pushed.connect(app);
    expect((await pushed.send(signTiktok(app, await pushed.platformUserOf(app)))).status).toBe(200);
    expect(await pushed.account(id)).toMatchObject({ health: 'needs_reauth' });
  });
});

describe('the challenge', () => {
  const challenge = (path: string): Promise<Response> => pushed.api.call(path);

  it("is answered with the app's secret", async () => {
    const app = await pushed.makeApp('x');
    const answer = await challenge(`/v1/callbacks/x/${app.id}?crc_token=NjA1MzE0NDg2`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { response_token: `sha256=${hmac('NjA1MzE0NDg2', SECRET, 'base64')}` },
    ]);
  });

  it('signs no text of an event', async () => {
    const app = await pushed.makeApp('x');
    const id = await pushed.connect(app);
    const { body } = signX(app, await pushed.platformUserOf(app));
    const answer = await challenge(`/v1/callbacks/x/${app.id}?crc_token=${encodeURIComponent(body)}`);
    expect([answer.status, await answer.text()]).toEqual([401, '']);
    expect(await pushed.account(id)).toMatchObject({ health: 'active' });
  });

  it('gets 401 without a body for an unknown app, no app, or a platform without challenges', async () => {
    const app = await pushed.makeApp('x');
    const instagram = await pushed.makeApp('instagram');
    const paths = [
      '/v1/callbacks/x/oa_01h455vb4pex5vsknk084sn02s?crc_token=abc',
      '/v1/callbacks/x/nonsense?crc_token=abc',
      `/v1/callbacks/x/${app.id}`,
      `/v1/callbacks/meta/${instagram.id}?crc_token=abc`,
      `/v1/callbacks/meta/${app.id}?crc_token=abc`,
    ];
    for (const path of paths) {
      const answer = await challenge(path);
      expect([path, answer.status, await answer.text()]).toEqual([path, 401, '']);
    }
  });
});

describe('the bodies of other routes', () => {
  it('must be JSON: other bytes are refused', async () => {
    const init = {
      as: pushed.key,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: '{}',
    };
    expect((await pushed.api.call('/v1/oauth-apps', init)).status).toBe(415);
  });

  it('share their limit with the bodies of pushes', async () => {
    const app = await pushed.makeApp('x');
    expect((await pushed.send({ ...signX(app, '1'), body: 'x'.repeat(102_401) })).status).toBe(413);
  });
});
