import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { linkedin } from './linkedin.provider.js';

const app = { clientId: '77abc', clientSecret: new Secret('WPL_AP1.s3cr+t==') };
const inBody = { client_id: app.clientId, client_secret: app.clientSecret.reveal() };
const redirectUri = 'https://evergrant.example/v1/oauth/linkedin/callback';
const verifier = new Secret('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
const tokens = { app, accessToken: new Secret('access'), refreshToken: new Secret('refresh') };
const url = (path: string): string => `https://www.linkedin.com/oauth/v2${path}`;
const form = (path: string, fields: object): object => ({
  method: 'POST',
  url: url(path),
  headers: {},
  form: { ...fields, ...inBody },
});

describe('LinkedIn', () => {
  it.each([redirectUri, 'http://localhost:3000/v1/oauth/linkedin/callback'])(
    'requests consent byte by byte as documented, without PKCE, for %s',
    (uri) => {
      const input = { clientId: app.clientId, redirectUri: uri, state: new Secret('st-a_te.1'), verifier };
      expect(authorizeUrl(linkedin, { ...input, scopes: linkedin.scopes.default })).toBe(
        `https://www.linkedin.com/oauth/v2/authorization?response_type=code&client_id=77abc&redirect_uri=${encodeURIComponent(uri)}` +
          '&scope=openid%20profile%20w_member_social&state=st-a_te.1',
      );
    },
  );

  it("requests no organisation's scopes unless an app lists them: one too many fails the whole consent", () => {
    expect(linkedin.scopes.default.filter((scope) => scope.includes('organization'))).toEqual([]);
  });

  it('gets a code with id and secret in the body, and no verifier', () => {
    const exchange = linkedin.token.exchange({ app, code: new Secret('code'), redirectUri, verifier: null });
    expect(exchange.reveal()).toEqual(
      form('/accessToken', { grant_type: 'authorization_code', code: 'code', redirect_uri: redirectUri }),
    );
  });

  it('gets a refresh token with id and secret in the body', () => {
    expect(linkedin.refresh.request(tokens).reveal()).toEqual(
      form('/accessToken', { grant_type: 'refresh_token', refresh_token: 'refresh' }),
    );
  });

  it('is given the access token to revoke', () => {
    expect(linkedin.revoke?.(tokens).reveal()).toEqual(form('/revoke', { token: 'access' }));
  });

  it("inspects a token with the app's own secret, twice a day", () => {
    const probe = linkedin.probe.request({ ...tokens, scopes: [], platformAccountId: '782bbtaQ' });
    expect(probe.reveal()).toEqual(form('/introspectToken', { token: 'access' }));
    expect(linkedin.probe.every).toBe(12 * 60 * 60 * 1_000);
  });

  it('gives refresh tokens that are not spent by use and end for good, and access tokens of sixty days', () => {
    expect([linkedin.refresh.mode, linkedin.refresh.endsForGood, linkedin.token.defaultLife]).toEqual([
      'static',
      true,
      60 * 86_400,
    ]);
  });

  it.each(['user_cancelled_login', 'user_cancelled_authorize'])('recognizes %s as a denied consent', (denial) => {
    expect(linkedin.authorize.denials).toContain(denial);
  });

  it.each([
    ['commas', 'openid,profile,w_member_social'],
    ['spaces', 'openid profile w_member_social'],
    ['both', 'openid, profile, w_member_social'],
    ['encoded spaces', 'openid%20profile%20w_member_social'],
    ['encoded commas', 'openid%2cprofile%2Cw_member_social'],
    ['plus signs', 'openid+profile+w_member_social'],
  ])('lists granted scopes with %s', (_what, scope) => {
    expect(linkedin.token.read({ access_token: 'AQ', scope })?.scopes).toEqual([
      'openid',
      'profile',
      'w_member_social',
    ]);
  });

  it('gives its tokens in a flat answer, with a refresh token for approved partners only', () => {
    const answer = {
      access_token: 'AQa',
      expires_in: 5_184_000,
      scope: 'openid',
      token_type: 'Bearer',
      id_token: 'a.b.c',
    };
    const partner = linkedin.token.read({ ...answer, refresh_token: 'AQr', refresh_token_expires_in: 31_536_000 });
    expect(partner).toMatchObject({ expiresIn: 5_184_000, refreshExpiresIn: 31_536_000, scopes: ['openid'] });
    expect([partner?.accessToken.reveal(), partner?.refreshToken?.reveal()]).toEqual(['AQa', 'AQr']);
    expect(linkedin.token.read(answer)).toMatchObject({ refreshToken: null, refreshExpiresIn: null });
    expect(linkedin.token.read({ access_token: 'AQa' })).toMatchObject({ scopes: null });
  });

  it.each([undefined, null, {}, { scope: 'openid' }, { access_token: '' }])('has no tokens in %j', (json) => {
    expect(linkedin.token.read(json)).toBeUndefined();
  });
});

describe('a person at LinkedIn', () => {
  it('is requested with the access token in the header', () => {
    expect(linkedin.identity.request(tokens.accessToken, []).reveal()).toEqual({
      method: 'GET',
      url: 'https://api.linkedin.com/v2/userinfo',
      headers: { authorization: 'Bearer access' },
    });
  });

  it('is known by the subject, a name and a picture, and has no handle', () => {
    const picture = 'https://media.licdn.com/1.jpg';
    const answer = {
      sub: '782bbtaQ',
      name: 'Ada L',
      given_name: 'Ada',
      family_name: 'L',
      picture,
      email: 'a@example.com',
      email_verified: true,
    };
    expect(linkedin.identity.read(answer)).toEqual({
      platformUserId: '782bbtaQ',
      platformAccountId: '782bbtaQ',
      handle: null,
      displayName: 'Ada L',
      avatarUrl: picture,
    });
    expect(linkedin.identity.read({ sub: '782bbtaQ' })).toMatchObject({ displayName: null, avatarUrl: null });
  });

  it.each([undefined, null, {}, { sub: '' }, { sub: 78.2 }, { id: '782bbtaQ' }])(
    'returns no identity for %j',
    (json) => {
      expect(linkedin.identity.read(json)).toBeUndefined();
    },
  );
});
