import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret } from '#observability';
import { basicAuthentication, secretInBody } from './client-authentication.js';
import { codeRequest, refreshRequest, revokeRequest } from './token-requests.js';

const url = 'https://platform.example/token?v=2';
const basic = { url, authentication: basicAuthentication };
const body = { url, authentication: secretInBody() };
const app = { clientId: 'the-id', clientSecret: new Secret('the-secret') };
const code = {
  app,
  code: new Secret('the code'),
  redirectUri: 'https://us.example/callback',
  verifier: new Secret('the-verifier'),
};
const tokens = { app, accessToken: new Secret('the-access'), refreshToken: new Secret('the-refresh') };

describe('a token request', () => {
  it('a request for a code names grant type, code, redirect URI and verifier (RFC 6749 4.1.3, RFC 7636 4.5)', () => {
    expect(codeRequest(body)(code).reveal()).toEqual({
      method: 'POST',
      url,
      headers: {},
      form: {
        grant_type: 'authorization_code',
        code: 'the code',
        redirect_uri: 'https://us.example/callback',
        code_verifier: 'the-verifier',
        client_id: 'the-id',
        client_secret: 'the-secret',
      },
    });
  });

  it('has no verifier where there was no challenge', () => {
    expect(codeRequest(body)({ ...code, verifier: null }).reveal().form).not.toHaveProperty('code_verifier');
  });

  it('a request for a refresh names grant type and refresh token (RFC 6749 6)', () => {
    expect(refreshRequest(basic)(tokens).reveal()).toEqual({
      method: 'POST',
      url,
      headers: { authorization: `Basic ${Buffer.from('the-id:the-secret').toString('base64')}` },
      form: { grant_type: 'refresh_token', refresh_token: 'the-refresh', client_id: 'the-id' },
    });
  });

  it('a request for a revocation names the token that was chosen (RFC 7009 2.1)', () => {
    expect(revokeRequest(body, ({ accessToken }) => accessToken.reveal())(tokens).reveal().form).toEqual({
      token: 'the-access',
      client_id: 'the-id',
      client_secret: 'the-secret',
    });
  });

  it.each([
    ['exchange a code', codeRequest(basic)(code)],
    ['refresh', refreshRequest(body)(tokens)],
    ['revoke', revokeRequest(body, ({ accessToken }) => accessToken.reveal())(tokens)],
  ])('a request to %s prints its URL and nothing of its body', (_what, request) => {
    const shown = [
      String(request),
      JSON.stringify({ request }),
      inspect({ request }, { showHidden: true, depth: 9 }),
    ].join('\n');
    expect(shown).toContain('POST https://platform.example/token');
    expect(shown).not.toMatch(/the[- ](id|secret|code|verifier|access|refresh)|v=2|Basic/);
  });
});
