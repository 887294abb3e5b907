import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { x } from './x.provider.js';

const app = { clientId: 'cnRzT0p1:1ci', clientSecret: new Secret('s3cr+t') };
const basic = `Basic ${Buffer.from('cnRzT0p1%3A1ci:s3cr%2Bt').toString('base64')}`;
const redirectUri = 'https://evergrant.example/v1/oauth/x/callback';
/** RFC 7636 appendix B. */
const verifier = new Secret('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
const tokens = { app, accessToken: new Secret('access'), refreshToken: new Secret('refresh') };

describe('X', () => {
  it.each([redirectUri, 'http://localhost:3000/v1/oauth/x/callback'])(
    'requests consent byte by byte as documented, with PKCE S256 for %s',
    (uri) => {
      const url = authorizeUrl(x, {
        clientId: app.clientId,
        redirectUri: uri,
        scopes: x.scopes.default,
        state: new Secret('st-a_te.1'),
        verifier,
      });
      expect(url).toBe(
        'https://x.com/i/oauth2/authorize?response_type=code&client_id=cnRzT0p1%3A1ci' +
          `&redirect_uri=${encodeURIComponent(uri)}` +
          '&scope=tweet.read%20users.read%20tweet.write%20media.write%20offline.access&state=st-a_te.1' +
          '&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256',
      );
    },
  );

  it('gets a code with Basic and the verifier, the secret nowhere but in the header', () => {
    expect(x.token.exchange({ app, code: new Secret('code'), redirectUri, verifier }).reveal()).toEqual({
      method: 'POST',
      url: 'https://api.x.com/2/oauth2/token',
      headers: { authorization: basic },
      form: {
        grant_type: 'authorization_code',
        code: 'code',
        redirect_uri: redirectUri,
        code_verifier: verifier.reveal(),
        client_id: app.clientId,
      },
    });
  });

  it('gets a refresh token with Basic', () => {
    expect(x.refresh.request(tokens).reveal()).toEqual({
      method: 'POST',
      url: 'https://api.x.com/2/oauth2/token',
      headers: { authorization: basic },
      form: { grant_type: 'refresh_token', refresh_token: 'refresh', client_id: app.clientId },
    });
  });

  it('is given the refresh token to revoke, with which the whole grant goes, or the access token where there is no other', () => {
    expect(x.revoke?.(tokens).reveal()).toEqual({
      method: 'POST',
      url: 'https://api.x.com/2/oauth2/revoke',
      headers: { authorization: basic },
      form: { token: 'refresh', client_id: app.clientId },
    });
    expect(x.revoke?.({ ...tokens, refreshToken: null }).reveal().form).toMatchObject({ token: 'access' });
  });

  it('gives refresh tokens that work once, and access tokens for two hours where it states nothing else', () => {
    expect([x.refresh.mode, x.token.defaultLife]).toEqual(['rotating_strict', 7_200]);
  });

  it('gives its tokens in a flat answer, with no refresh token where offline access was not requested', () => {
    const answer = { token_type: 'bearer', expires_in: 7200, access_token: 'a', scope: 'tweet.read users.read' };
    expect(x.token.read({ ...answer, refresh_token: 'r' })).toMatchObject({
      expiresIn: 7_200,
      scopes: ['tweet.read', 'users.read'],
    });
    expect(x.token.read(answer)?.refreshToken).toBeNull();
  });

  it('requests the identity with the access token in the header', () => {
    expect(x.identity.request(tokens.accessToken, []).reveal()).toEqual({
      method: 'GET',
      url: 'https://api.x.com/2/users/me?user.fields=profile_image_url,name,username',
      headers: { authorization: 'Bearer access' },
    });
  });

  it('returns the identity of a person, by an id that is a text', () => {
    const data = {
      id: '2244994945',
      name: 'Dev',
      username: 'XDevelopers',
      profile_image_url: 'https://pbs.twimg.com/1_normal.jpg',
    };
    expect(x.identity.read({ data })).toEqual({
      platformUserId: '2244994945',
      platformAccountId: '2244994945',
      handle: 'XDevelopers',
      displayName: 'Dev',
      avatarUrl: 'https://pbs.twimg.com/1_normal.jpg',
    });
    expect(x.identity.read({ data: { id: '1', name: null } })).toMatchObject({
      platformUserId: '1',
      handle: null,
      displayName: null,
      avatarUrl: null,
    });
  });

  it.each([undefined, null, {}, { data: {} }, { data: { id: '' } }, { data: { id: 2_244.5 } }, { errors: [] }])(
    'returns no identity for %j',
    (json) => {
      expect(x.identity.read(json)).toBeUndefined();
    },
  );
});
