import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { APP, graphError, InstagramClient } from '../../../../test/support/instagram-client.js';
import { TestSandbox } from '../../../../test/support/sandbox.js';

let sandbox: TestSandbox;
const client = new InstagramClient(() => sandbox);
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const UNSUPPORTED = graphError(100);

describe('long-lived tokens of Instagram', () => {
  it('exchanges a short-lived token for a long-lived one with the secret, any number of times', async () => {
    const token = await client.shortLived();
    const answer = await client.prolong(token);
    expect(answer).toMatchObject({
      status: 200,
      body: { access_token: expect.stringMatching(/^IGAA/), token_type: 'bearer', expires_in: 120 },
    });
    expect((await client.prolong(token)).body.access_token).not.toBe(answer.body.access_token);
  });

  it('gives no token for a wrong secret, a wrong grant type, a long-lived token or an ended one', async () => {
    const token = await client.shortLived();
    expect(await client.prolong(token, { client_secret: 'other' })).toMatchObject({
      ...graphError(100),
      body: { error: { message: 'Error validating client secret.' } },
    });
    expect(await client.prolong(token, { grant_type: 'ig_refresh_token' })).toMatchObject(UNSUPPORTED);
    expect(await client.prolong(await client.longLived())).toMatchObject(UNSUPPORTED);
    await client.advance(3_601);
    expect(await client.prolong(token)).toMatchObject(graphError(190, 463));
  });

  it('extends a token without a secret; the earlier token stays valid', async () => {
    const first = await client.longLived();
    await client.advance(60);
    const { status, body } = await client.extend(first);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { access_token: expect.stringMatching(/^IGAA/), token_type: 'bearer', expires_in: 120 },
    });
    expect(body.access_token).not.toBe(first);
    expect(await client.me(first)).toMatchObject({ status: 200 });
    await client.advance(61);
    expect(await client.me(first)).toMatchObject(graphError(190, 463));
    expect(await client.me(body.access_token as string)).toMatchObject({ status: 200 });
  });

  it('stay the same when an app is set to it, and live longer', async () => {
    await client.settings({ quirks: ['same-token'] });
    const token = await client.longLived();
    await client.advance(100);
    expect((await client.extend(token)).body).toMatchObject({ access_token: token, expires_in: 120 });
    await client.advance(100);
    expect(await client.me(token)).toMatchObject({ status: 200 });
  });

  it('extends no ended token, no short-lived one, and none without the basic permission', async () => {
    expect(await client.extend(await client.shortLived())).toMatchObject(UNSUPPORTED);
    const { body } = await client.exchange(await client.code({ scope: 'instagram_business_content_publish' }));
    expect(await client.extend((await client.prolong(body.access_token)).body.access_token as string)).toMatchObject(
      graphError(10, undefined, 403),
    );
    const token = await client.longLived();
    await client.advance(121);
    expect(await client.extend(token)).toMatchObject(graphError(190, 463));
    expect(await client.extend('IGAAmadeup')).toMatchObject(graphError(190));
  });

  it('that live for sixty days are not extended on their first day', async () => {
    await client.settings({ access_ttl_seconds: 5_184_000 });
    const token = await client.longLived();
    await client.advance(86_399);
    expect(await client.extend(token)).toMatchObject(UNSUPPORTED);
    await client.advance(1);
    expect(await client.extend(token)).toMatchObject({ status: 200, body: { expires_in: 5_184_000 } });
  });

  it('lists tokens in the call log by kind and fingerprint', async () => {
    const second = (await client.extend(await client.longLived())).body.access_token as string;
    await client.extend(second);
    await sandbox.control('POST', '/users/happy/revoke', { provider: 'instagram' });
    await client.extend(second);
    const { body } = await sandbox.control('GET', '/calls?provider=instagram');
    expect(body).toMatchObject([
      {
        endpoint: 'token',
        grant_type: 'authorization_code',
        client_id: APP.client_id,
        persona: 'happy',
        outcome: 'ok',
      },
      { endpoint: 'token', grant_type: 'ig_exchange_token', persona: 'happy', outcome: 'ok' },
      { endpoint: 'token', grant_type: 'ig_refresh_token', persona: 'happy', outcome: 'ok' },
      { endpoint: 'token', grant_type: 'ig_refresh_token', outcome: 'ok' },
      { endpoint: 'token', grant_type: 'ig_refresh_token', outcome: 'revoked_grant', error: '190' },
    ]);
    expect(body[4].refresh_token_fingerprint).toBe(body[3].refresh_token_fingerprint);
    expect(body[3].refresh_token_fingerprint).toBe(body[2].issued_refresh_token_fingerprint);
    expect(JSON.stringify(body)).not.toContain(second);
  });

  it('survive a restart', async () => {
    const token = await client.longLived();
    await sandbox.restart();
    expect(await client.extend(token)).toMatchObject({ status: 200 });
  });
});

describe('personas at Instagram', () => {
  const loginFirst =
    'Error validating access token: You cannot access the app till you log in to www.instagram.com and follow the instructions given.';

  it.each([
    ['revokes-after-connect', graphError(190, 458)],
    ['password-changed', graphError(190, 460)],
    ['suspended', graphError(25, 2_207_050)],
  ])('%s loses the token after 30 seconds, for good', async (persona, refused) => {
    const token = await client.longLived(persona);
    expect(await client.me(token)).toMatchObject({ status: 200 });
    await client.advance(31);
    expect(await client.me(token)).toMatchObject(refused);
    expect(await client.extend(token)).toMatchObject(refused);
    expect(await client.me(await client.longLived(persona))).toMatchObject({ status: 200 });
  });

  it('a checkpoint is reported without a subcode, and the same token works again after the confirmation', async () => {
    await client.settings({ access_ttl_seconds: 900 });
    const token = await client.longLived('checkpoint');
    const stopped = { status: 400, body: { error: { code: 190, message: loginFirst } } };
    await client.advance(31);
    const { status, body } = await client.me(token);
    expect({ status, body }).toMatchObject(stopped);
    expect(body.error).not.toHaveProperty('error_subcode');
    expect(await client.extend(token)).toMatchObject(stopped);
    await client.advance(300);
    expect(await client.me(token)).toMatchObject({ status: 200 });
    expect(await client.extend(token)).toMatchObject({ status: 200 });
  });

  it("a person who removes the app ends no other person's tokens", async () => {
    const [removed, kept] = [await client.longLived('paula'), await client.longLived('omar')];
    await sandbox.control('POST', '/users/paula/revoke', { provider: 'instagram' });
    expect(await client.extend(removed)).toMatchObject(graphError(190, 458));
    expect(await client.extend(kept)).toMatchObject({ status: 200 });
  });

  it('flaky connects, then every second extension is a server error that changed nothing', async () => {
    const token = await client.longLived('flaky');
    expect(await client.extend(token)).toMatchObject({
      ...graphError(2, undefined, 500),
      body: { error: { is_transient: true } },
    });
    expect(await client.extend(token)).toMatchObject({ status: 200 });
  });

  it('rate-limited connects, then every second extension is one too many and changed nothing', async () => {
    const token = await client.longLived('rate-limited');
    const limited = await client.extend(token);
    expect(limited).toMatchObject(graphError(17));
    expect(limited.headers.get('x-business-use-case-usage')).toContain('"estimated_time_to_regain_access":1');
    expect(await client.extend(token)).toMatchObject({ status: 200 });
  });

  it('lost-answer extends the token and loses the answer, and the same token is accepted again', async () => {
    const token = await client.longLived('lost-answer');
    await expect(client.extend(token)).rejects.toThrow('fetch failed');
    expect(await client.extend(token)).toMatchObject({ status: 200 });
  });

  it('short-lived gets 20 seconds, once the token is long-lived', async () => {
    expect((await client.prolong(await client.shortLived('short-lived'))).body.expires_in).toBe(20);
  });

  it('ids-above-2-53 and unicode-handle have what they are called', async () => {
    expect((await client.me(await client.shortLived('ids-above-2-53'))).body.user_id).toBe('17841199254740993');
    expect((await client.me(await client.shortLived('unicode-handle'), 'username')).body.username).toBe('zofie_李');
  });
});
