import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import type { AuthorizeProfile, Provider } from '../contract/provider.js';
import { providerOf, PROVIDER_NAMES } from '../registry.js';
import { type AuthorizeInput, authorizeUrl } from './authorize-url.js';
import { s256 } from './pkce.js';

const profile: AuthorizeProfile = {
  url: 'https://platform.example/authorize',
  clientIdParameter: 'client_id',
  scopeSeparator: ' ',
  pkce: () => undefined,
  denials: ['access_denied'],
};
const like = (changes: Partial<AuthorizeProfile>): Provider => ({
  ...providerOf(PROVIDER_NAMES[0]),
  authorize: { ...profile, ...changes },
});
const input: AuthorizeInput = {
  clientId: 'an id',
  redirectUri: 'https://us.example/v1/callback',
  scopes: ['read', 'write.all'],
  state: new Secret('the.state'),
  verifier: new Secret('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'),
};
const queryOf = (url: string): Record<string, string> => Object.fromEntries(new URL(url).searchParams);

describe('an authorize URL', () => {
  it('requests a code with the parameters of RFC 6749 4.1.1, with spaces as %20', () => {
    expect(authorizeUrl(like({}), input)).toBe(
      'https://platform.example/authorize?response_type=code&client_id=an%20id&redirect_uri=https%3A%2F%2Fus.example%2Fv1%2Fcallback' +
        '&scope=read%20write.all&state=the.state',
    );
  });

  it('carries the challenge and its method where the platform takes one, never the verifier', () => {
    const url = authorizeUrl(like({ pkce: () => s256 }), input);
    expect(queryOf(url)).toMatchObject({
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
    expect(url).not.toContain(input.verifier.reveal());
  });

  it('has what else the platform requires, and its own name for the id', () => {
    const query = queryOf(
      authorizeUrl(
        like({ clientIdParameter: 'client_key', scopeSeparator: ',', parameters: { prompt: 'consent' } }),
        input,
      ),
    );
    expect(query).toMatchObject({ client_key: 'an id', scope: 'read,write.all', prompt: 'consent' });
    expect(query).not.toHaveProperty('client_id');
  });

  it('gives any id and redirect URI to the platform as they are: none can add a parameter', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, text, (clientId, redirectUri) => {
        const pairs = [...new URL(authorizeUrl(like({}), { ...input, clientId, redirectUri })).searchParams];
        expect(pairs.map(([name]) => name)).toEqual(['response_type', 'client_id', 'redirect_uri', 'scope', 'state']);
        expect(Object.fromEntries(pairs)).toMatchObject({ client_id: clientId, redirect_uri: redirectUri });
      }),
    );
  });
});
