import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import type { PlatformRequest } from '../contract/http.js';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { readIdentityAnswer, readProbeAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { instagram } from './instagram.provider.js';

const app = { clientId: '990602627938098', clientSecret: new Secret('the secret') };
const accessToken = new Secret('IGAA-token');
const redirectUri = 'https://evergrant.example/v1/oauth/instagram/callback';
const parts = (
  request: PlatformRequest | undefined,
): { method: string; path: string; query: object; form?: object } => {
  const { method, url, form } = request!.reveal();
  const { origin, pathname, searchParams } = new URL(url);
  return { method, path: origin + pathname, query: Object.fromEntries(searchParams), ...(form && { form }) };
};
const answered = (body: string) => ({ status: 200, headers: {}, body: Buffer.from(body) });

describe('the request for consent at Instagram', () => {
  it('parts scopes with commas and sends no challenge', () => {
    const verifier = new Secret('a-verifier');
    const input = {
      clientId: app.clientId,
      redirectUri,
      scopes: instagram.scopes.default,
      state: new Secret('the state'),
      verifier,
    };
    expect(authorizeUrl(instagram, input)).toBe(
      'https://www.instagram.com/oauth/authorize?response_type=code&client_id=990602627938098' +
        `&redirect_uri=${encodeURIComponent(redirectUri)}` +
        '&scope=instagram_business_basic%2Cinstagram_business_content_publish&state=the%20state',
    );
  });
});

describe('tokens of Instagram', () => {
  const exchanged = (code: string) =>
    parts(instagram.token.exchange({ app, code: new Secret(code), redirectUri, verifier: new Secret('a-verifier') }));

  it('requests tokens with the secret in the form, without a verifier', () => {
    expect(exchanged('AQ-code')).toEqual({
      method: 'POST',
      path: 'https://api.instagram.com/oauth/access_token',
      query: {},
      form: {
        grant_type: 'authorization_code',
        code: 'AQ-code',
        redirect_uri: redirectUri,
        client_id: app.clientId,
        client_secret: 'the secret',
      },
    });
  });

  it('sends the code without its appended fragment, and unchanged where it only looks appended', () => {
    expect(exchanged('AQ-code#_')).toMatchObject({ form: { code: 'AQ-code' } });
    expect(exchanged('AQ#_code_')).toMatchObject({ form: { code: 'AQ#_code_' } });
  });

  it('exchanges tokens for long-lived ones with the secret, and extends them without it', () => {
    expect(parts(instagram.token.prolong?.({ app, accessToken }))).toEqual({
      method: 'GET',
      path: 'https://graph.instagram.com/access_token',
      query: { grant_type: 'ig_exchange_token', client_secret: 'the secret', access_token: 'IGAA-token' },
    });
    expect(parts(instagram.refresh.request({ app, accessToken, refreshToken: null }))).toEqual({
      method: 'GET',
      path: 'https://graph.instagram.com/refresh_access_token',
      query: { grant_type: 'ig_refresh_token', access_token: 'IGAA-token' },
    });
  });

  it('prints no token or secret of a request', () => {
    const requests = [
      instagram.token.prolong?.({ app, accessToken }),
      instagram.refresh.request({ app, accessToken, refreshToken: null }),
    ];
    expect(requests.join(' ')).toBe(
      'GET https://graph.instagram.com/access_token GET https://graph.instagram.com/refresh_access_token',
    );
  });

  it.each([
    [
      'flat, with a list of permissions',
      '{"access_token":"IGAA1","user_id":17841405822304914,"permissions":["a","b"]}',
    ],
    ['flat, with permissions in one text', '{"access_token":"IGAA1","user_id":17841405822304914,"permissions":"a,b"}'],
    [
      'in data[], as the documentation has them',
      '{"data":[{"access_token":"IGAA1","user_id":"10201","permissions":"a,b"}]}',
    ],
    ['in data[], with a list', '{"data":[{"access_token":"IGAA1","user_id":"10201","permissions":["a","b"]}]}'],
  ])('reads the tokens %s', (_how, body) => {
    const outcome = readTokenAnswer(instagram, answered(body));
    expect(outcome).toMatchObject({ ok: true, tokens: { refreshToken: null, expiresIn: null, scopes: ['a', 'b'] } });
    expect(outcome.ok && outcome.tokens.accessToken.reveal()).toBe('IGAA1');
  });

  it('contain a lifetime if they are long-lived, and no permissions', () => {
    const body = '{"access_token":"IGAA2","token_type":"bearer","expires_in":5183944}';
    expect(readTokenAnswer(instagram, answered(body))).toMatchObject({
      ok: true,
      tokens: { expiresIn: 5_183_944, scopes: null },
    });
  });

  it.each(['{}', '{"data":[]}', '{"data":{}}', '{"data":[{"access_token":""}]}', '{"access_token":1}', '[]', 'null'])(
    'finds no tokens in %s',
    (body) => {
      expect(readTokenAnswer(instagram, answered(body))).toMatchObject({ ok: false });
    },
  );
});

describe('who it is at Instagram', () => {
  const account = {
    id: '25012345678901235',
    user_id: '17841405822304915',
    username: 'hanna_happy',
    name: 'Hanna',
    profile_picture_url: 'https://scontent.example/p',
  };

  it('is sent with the token in a header', () => {
    const request = instagram.identity.request(accessToken, []);
    expect(parts(request)).toMatchObject({
      path: 'https://graph.instagram.com/v25.0/me',
      query: { fields: 'id,user_id,username,name,account_type,profile_picture_url' },
    });
    expect(request.reveal().headers).toEqual({ authorization: 'Bearer IGAA-token' });
  });

  it.each([
    ['flat', account],
    ['in data[]', { data: [account] }],
  ])('has the professional account and the id of the person at this app, %s', (_how, body) => {
    expect(readIdentityAnswer(instagram, answered(JSON.stringify(body)))).toEqual({
      ok: true,
      identity: {
        platformAccountId: '17841405822304915',
        platformUserId: '25012345678901235',
        handle: 'hanna_happy',
        displayName: 'Hanna',
        avatarUrl: 'https://scontent.example/p',
      },
    });
  });

  it('may lack a name and a picture, but no id, and keeps every digit of an id that is a number', () => {
    const { id, user_id } = account;
    expect(readIdentityAnswer(instagram, answered(JSON.stringify({ id, user_id })))).toMatchObject({
      ok: true,
      identity: { displayName: null, avatarUrl: null },
    });
    for (const body of ['{"id":"1"}', '{"user_id":"1"}', '{"id":"1","user_id":1.5}', '{"data":[]}']) {
      expect(readIdentityAnswer(instagram, answered(body))).toMatchObject({
        ok: false,
        failure: { class: 'temporary' },
      });
    }
    const numbers = '{"id":25012345678901235,"user_id":17841405822304915}';
    expect(readIdentityAnswer(instagram, answered(numbers))).toMatchObject({
      identity: { platformUserId: '25012345678901235', platformAccountId: '17841405822304915' },
    });
  });
});

describe('the probe of Instagram', () => {
  it('requests one field, and accepts it, flat or in data[]', () => {
    const input = { app, accessToken, scopes: [], platformAccountId: '17841405822304915' };
    expect(parts(instagram.probe.request(input))).toMatchObject({
      path: 'https://graph.instagram.com/v25.0/me',
      query: { fields: 'user_id' },
    });
    for (const body of ['{"user_id":"1","id":"2"}', '{"data":[{"user_id":"1"}]}'])
      expect(readProbeAnswer(instagram, answered(body))).toEqual({ ok: true });
    expect(readProbeAnswer(instagram, answered('{"id":"2"}'))).toMatchObject({ ok: false });
  });
});
