import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { pinterest } from './pinterest.provider.js';

const app = { clientId: '1478549', clientSecret: new Secret('s3cr3t') };
const basic = `Basic ${Buffer.from('1478549:s3cr3t').toString('base64')}`;
const redirectUri = 'https://evergrant.example/v1/oauth/pinterest/callback';
const tokens = { app, accessToken: new Secret('access'), refreshToken: new Secret('refresh') };
const TOKEN = 'https://api.pinterest.com/v5/oauth/token';

describe('Pinterest', () => {
  it('requests consent byte by byte as documented: commas, no challenge', () => {
    const input = {
      clientId: app.clientId,
      redirectUri,
      scopes: pinterest.scopes.default,
      state: new Secret('st-a_te.1'),
      verifier: new Secret('v'),
    };
    expect(authorizeUrl(pinterest, input)).toBe(
      `https://www.pinterest.com/oauth/?response_type=code&client_id=1478549&redirect_uri=${encodeURIComponent(redirectUri)}` +
        '&scope=user_accounts%3Aread%2Cboards%3Aread%2Cboards%3Awrite%2Cpins%3Aread%2Cpins%3Awrite&state=st-a_te.1',
    );
  });

  it('gets a code with Basic, and no id or secret in the form', () => {
    expect(pinterest.token.exchange({ app, code: new Secret('code'), redirectUri, verifier: null }).reveal()).toEqual({
      method: 'POST',
      url: TOKEN,
      headers: { authorization: basic },
      form: { grant_type: 'authorization_code', code: 'code', redirect_uri: redirectUri, continuous_refresh: 'true' },
    });
  });

  it('gets a refresh token the same way, and requests one that can be renewed again', () => {
    expect(pinterest.refresh.request(tokens).reveal()).toEqual({
      method: 'POST',
      url: TOKEN,
      headers: { authorization: basic },
      form: { grant_type: 'refresh_token', refresh_token: 'refresh', continuous_refresh: 'true' },
    });
  });

  it('gives tokens of thirty days, and a refresh token of sixty with each answer', () => {
    const answer = {
      access_token: 'pina_a',
      refresh_token: 'pinr.r',
      response_type: 'authorization_code',
      token_type: 'bearer',
      expires_in: 2_592_000,
      refresh_token_expires_in: 5_184_000,
      refresh_token_expires_at: 1_800_000_000,
      scope: 'boards:read pins:read',
    };
    const read = pinterest.token.read(answer);
    expect(read).toMatchObject({
      expiresIn: 2_592_000,
      refreshExpiresIn: 5_184_000,
      scopes: ['boards:read', 'pins:read'],
    });
    expect([read?.accessToken.reveal(), read?.refreshToken?.reveal()]).toEqual(['pina_a', 'pinr.r']);
    expect([pinterest.refresh.mode, pinterest.token.defaultLife]).toEqual(['rotating_strict', 30 * 86_400]);
  });

  it("has no request that revokes a person's token", () => {
    expect('revoke' in pinterest).toBe(false);
  });

  it('requests the identity with the access token in the header, twice a day', () => {
    const request = {
      method: 'GET',
      url: 'https://api.pinterest.com/v5/user_account',
      headers: { authorization: 'Bearer access' },
    };
    expect(pinterest.identity.request(tokens.accessToken, []).reveal()).toEqual(request);
    expect(pinterest.probe.request({ ...tokens, scopes: [], platformAccountId: '1' }).reveal()).toEqual(request);
    expect(pinterest.probe.every).toBe(12 * 60 * 60 * 1_000);
  });

  it('names a person by an id that is a string, and a business by its name', () => {
    const account = {
      id: '2783136121146311751',
      username: 'hanna',
      account_type: 'BUSINESS',
      business_name: 'Hanna & Co',
      profile_image: 'https://i.pinimg.com/1.jpg',
    };
    expect(pinterest.identity.read(account)).toEqual({
      platformUserId: '2783136121146311751',
      platformAccountId: '2783136121146311751',
      handle: 'hanna',
      displayName: 'Hanna & Co',
      avatarUrl: 'https://i.pinimg.com/1.jpg',
    });
    expect(pinterest.identity.read({ id: '1', username: 'p', business_name: null })).toMatchObject({
      displayName: null,
      avatarUrl: null,
    });
  });

  it.each([undefined, null, {}, { id: '' }, { id: 1.5 }, { username: 'hanna' }])(
    'returns no identity for %j',
    (json) => {
      expect(pinterest.identity.read(json)).toBeUndefined();
    },
  );
});
