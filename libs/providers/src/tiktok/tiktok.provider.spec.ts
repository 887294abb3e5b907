import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { tiktok } from './tiktok.provider.js';

const app = { clientId: 'awkey', clientSecret: new Secret('s3cr+t') };
const redirectUri = 'https://evergrant.example/v1/oauth/tiktok/callback';
/** RFC 7636 appendix B, and its challenge in hex. */
const verifier = new Secret('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
const HEX = '13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3';
const tokens = { app, accessToken: new Secret('act.1'), refreshToken: new Secret('rft.1') };

const consentUrl = (uri: string): string =>
  authorizeUrl(tiktok, {
    clientId: app.clientId,
    redirectUri: uri,
    scopes: tiktok.scopes.default,
    state: new Secret('st-a_te.1'),
    verifier,
  });
const documented = (uri: string): string =>
  'https://www.tiktok.com/v2/auth/authorize/?response_type=code&client_key=awkey' +
  `&redirect_uri=${encodeURIComponent(uri)}` +
  '&scope=user.info.basic%2Cuser.info.profile%2Cvideo.upload%2Cvideo.publish&state=st-a_te.1';

describe('TikTok', () => {
  it('requests consent byte by byte as documented, without PKCE for a web app', () => {
    expect(consentUrl(redirectUri)).toBe(documented(redirectUri));
  });

  it.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000'])(
    'requires a challenge in lower-case hex for a redirect to %s',
    (origin) => {
      const uri = `${origin}/v1/oauth/tiktok/callback`;
      expect(consentUrl(uri)).toBe(`${documented(uri)}&code_challenge=${HEX}&code_challenge_method=S256`);
    },
  );

  it.each(['https://localhost.example.com', 'https://127.0.0.1.example.com', 'https://10.0.0.1'])(
    'requires no challenge for a redirect to %s',
    (origin) => {
      expect(consentUrl(`${origin}/callback`)).not.toContain('code_challenge');
    },
  );

  it('gets a code with key and secret in the body', () => {
    expect(tiktok.token.exchange({ app, code: new Secret('code'), redirectUri, verifier: null }).reveal()).toEqual({
      method: 'POST',
      url: 'https://open.tiktokapis.com/v2/oauth/token/',
      headers: {},
      form: {
        grant_type: 'authorization_code',
        code: 'code',
        redirect_uri: redirectUri,
        client_key: 'awkey',
        client_secret: 's3cr+t',
      },
    });
  });

  it('gets the verifier with the code where it had a challenge', () => {
    const { form } = tiktok.token
      .exchange({ app, code: new Secret('code'), redirectUri: 'http://localhost:3000/', verifier })
      .reveal();
    expect(form).toMatchObject({ code_verifier: verifier.reveal() });
  });

  it('gets a refresh token with key and secret in the body', () => {
    expect(tiktok.refresh.request(tokens).reveal()).toEqual({
      method: 'POST',
      url: 'https://open.tiktokapis.com/v2/oauth/token/',
      headers: {},
      form: { grant_type: 'refresh_token', refresh_token: 'rft.1', client_key: 'awkey', client_secret: 's3cr+t' },
    });
  });

  it('is given the access token to revoke', () => {
    expect(tiktok.revoke?.(tokens).reveal()).toEqual({
      method: 'POST',
      url: 'https://open.tiktokapis.com/v2/oauth/revoke/',
      headers: {},
      form: { token: 'act.1', client_key: 'awkey', client_secret: 's3cr+t' },
    });
  });

  it.each([
    [7_200, 15_552_000],
    [86_400, 31_536_000],
  ])(
    'reports how long its tokens are valid, %i and %i seconds, and scopes with commas',
    (expires_in, refresh_expires_in) => {
      const answer = {
        access_token: 'act.1',
        expires_in,
        open_id: 'afd97af1',
        refresh_expires_in,
        refresh_token: 'rft.1',
        scope: 'user.info.basic,video.list',
        token_type: 'Bearer',
      };
      expect(tiktok.token.read(answer)).toMatchObject({
        expiresIn: expires_in,
        refreshExpiresIn: refresh_expires_in,
        scopes: ['user.info.basic', 'video.list'],
      });
    },
  );

  it('rotates its refresh tokens strictly', () => {
    expect([tiktok.refresh.mode, tiktok.token.defaultLife]).toEqual(['rotating_strict', 7_200]);
  });

  it('requests a user name only where the scope for it was granted: the whole call fails otherwise', () => {
    const url = (scopes: string[]): string => tiktok.identity.request(tokens.accessToken, scopes).reveal().url;
    expect(url(['user.info.basic', 'user.info.profile'])).toBe(
      'https://open.tiktokapis.com/v2/user/info/?fields=open_id,union_id,avatar_url,display_name,username',
    );
    expect(url(['user.info.basic'])).toBe(
      'https://open.tiktokapis.com/v2/user/info/?fields=open_id,union_id,avatar_url,display_name',
    );
    expect(tiktok.identity.request(tokens.accessToken, []).reveal().headers).toEqual({ authorization: 'Bearer act.1' });
  });

  it('returns the identity of a person, by an open_id that is kept letter by letter', () => {
    const user = {
      open_id: '-000Abc-DEF_',
      union_id: 'u',
      avatar_url: 'https://p16.example/a.jpg',
      display_name: 'Tik',
      username: 'tok',
    };
    expect(tiktok.identity.read({ data: { user }, error: { code: 'ok' } })).toEqual({
      platformUserId: '-000Abc-DEF_',
      platformAccountId: '-000Abc-DEF_',
      handle: 'tok',
      displayName: 'Tik',
      avatarUrl: 'https://p16.example/a.jpg',
    });
    expect(tiktok.identity.read({ data: { user: { open_id: 'o' } } })).toMatchObject({
      handle: null,
      displayName: null,
      avatarUrl: null,
    });
  });

  it.each([
    undefined,
    {},
    { data: {} },
    { data: { user: {} }, error: { code: 'access_token_invalid' } },
    { data: { user: { open_id: '' } } },
  ])('returns no identity for %j', (json) => {
    expect(tiktok.identity.read(json)).toBeUndefined();
  });
});
