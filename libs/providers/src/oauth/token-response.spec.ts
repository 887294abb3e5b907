import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readTokenResponse, splitScopes } from './token-response.js';

const read = (rest: object): Record<string, unknown> | undefined => {
  const tokens = readTokenResponse({ access_token: 'a', ...rest });
  return tokens && { ...tokens, accessToken: tokens.accessToken.reveal(), refreshToken: tokens.refreshToken?.reveal() ?? null };
};
const bare = { accessToken: 'a', refreshToken: null, expiresIn: null, refreshExpiresIn: null, scopes: null };

describe('a token answer', () => {
  it('is read in full (RFC 6749 5.1)', () => {
    expect(read({ token_type: 'Bearer', expires_in: 7200, refresh_token: 'r', refresh_expires_in: 15552000, scope: 'one two' })).toEqual({
      accessToken: 'a',
      refreshToken: 'r',
      expiresIn: 7200,
      refreshExpiresIn: 15_552_000,
      scopes: ['one', 'two'],
    });
  });

  it('says nothing about what it leaves out', () => {
    expect(read({})).toEqual(bare);
  });

  it.each([
    ['a number', 7200, 7200],
    ['digits in a text', '7200', 7200],
    ['null', null, null],
    ['words', 'two hours', null],
    ['an object', { seconds: 1 }, null],
    ['a boolean', true, null],
    ['an empty text', '', null],
  ])('may give a life as %s', (_form, value, expected) => {
    expect(read({ expires_in: value })).toEqual({ ...bare, expiresIn: expected });
    expect(read({ refresh_token_expires_in: value })).toEqual({ ...bare, refreshExpiresIn: expected });
  });

  it.each([0, -1, '0'])('that says %p of a refresh token\'s life names no end: some mean "never" with it', (value) => {
    expect(read({ refresh_expires_in: value })).toEqual(bare);
  });

  it.each(['', null, 7, {}, []])('with %p for a refresh token brings none, so that the old one stays', (value) => {
    expect(read({ refresh_token: value })).toEqual(bare);
  });

  it.each([undefined, null, '', 7, {}, ['a']])('with %p for an access token is none', (value) => {
    expect(readTokenResponse({ access_token: value, refresh_token: 'r' })).toBeUndefined();
  });

  it('is never found in anything else, and nothing breaks the reading', () => {
    fc.assert(fc.property(fc.jsonValue(), (any) => {
      const holds = typeof any === 'object' && any !== null && 'access_token' in any;
      fc.pre(!holds);
      expect(readTokenResponse(any)).toBeUndefined();
    }));
    expect(readTokenResponse(undefined)).toBeUndefined();
  });

  it('reads whatever stands beside the access token', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('expires_in', 'refresh_token', 'refresh_expires_in', 'scope'), fc.jsonValue()), (rest) => {
      expect(read(rest)).toMatchObject({ accessToken: 'a' });
    }));
  });
});

describe('a list of scopes', () => {
  it.each([
    ['one two', ['one', 'two']],
    ['one,two', ['one', 'two']],
    [' one,  two ,', ['one', 'two']],
    ['', []],
  ])('"%s" is read with spaces and with commas', (text, expected) => {
    expect(splitScopes(text)).toEqual(expected);
  });
});
