import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { splitScopes } from './platform-values.js';
import { readTokenResponse } from './token-response.js';

const read = (rest: object): Record<string, unknown> | undefined => {
  const tokens = readTokenResponse({ access_token: 'a', ...rest });
  return (
    tokens && {
      ...tokens,
      accessToken: tokens.accessToken.reveal(),
      refreshToken: tokens.refreshToken?.reveal() ?? null,
    }
  );
};
const bare = { accessToken: 'a', refreshToken: null, expiresIn: null, refreshExpiresIn: null, scopes: null };

describe('a token answer', () => {
  it('is read in full (RFC 6749 5.1)', () => {
    expect(
      read({
        token_type: 'Bearer',
        expires_in: 7200,
        refresh_token: 'r',
        refresh_expires_in: 15552000,
        scope: 'one two',
      }),
    ).toEqual({
      accessToken: 'a',
      refreshToken: 'r',
      expiresIn: 7200,
      refreshExpiresIn: 15_552_000,
      scopes: ['one', 'two'],
    });
  });

  it('reads null for what it leaves out', () => {
    expect(read({})).toEqual(bare);
  });

  it.each([
    ['a number', 7200, 7200],
    ['digits in a text', '7200', 7200],
    ['digits with a fraction', '7200.9', 7200],
    ['a number with a fraction', 7199.6, 7199],
    ['less than a second', 0.2, 1],
    ['a number beyond all numbers', Infinity, Number.MAX_SAFE_INTEGER],
    ['digits beyond all numbers', '9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['words', 'two hours', null],
    ['an object', { seconds: 1 }, null],
    ['a boolean', true, null],
    ['an empty text', '', null],
  ])('may give a life as %s', (_form, value, expected) => {
    expect(read({ expires_in: value })).toEqual({ ...bare, expiresIn: expected });
    expect(read({ refresh_token_expires_in: value })).toEqual({ ...bare, refreshExpiresIn: expected });
  });

  it.each([0, -1, -0.5, '0', '-1', '0.0', null])(
    "%p as an access token's lifetime means that it has no end",
    (value) => {
      expect(read({ expires_in: value })).toEqual({ ...bare, expiresIn: 0 });
    },
  );

  it.each([
    ['a text with spaces', 'one two', ['one', 'two']],
    ['a text with commas', 'one,two', ['one', 'two']],
    ['a list', ['one', 'two'], ['one', 'two']],
    ['a list of texts with several', ['one two', 'three,four'], ['one', 'two', 'three', 'four']],
    ['an empty text', '', []],
    ['blanks', ' , ', []],
    ['an empty list', [], []],
    ['a list with junk in it', ['one', null, 7, ['two'], { name: 'three' }], ['one']],
    ['a list of junk', [[], {}, null], []],
    ['an object', { one: true }, []],
    ['a number', 7, []],
    ['a boolean', true, []],
    ['null', null, null],
  ])('grants its scope and no more: %s', (_form, scope, expected) => {
    expect(read({ scope })).toEqual({ ...bare, scopes: expected });
  });

  it.each([0, -1, '0', null])(
    '%p as a refresh token\'s lifetime names no end: at some platforms it means "never"',
    (value) => {
      expect(read({ refresh_expires_in: value })).toEqual(bare);
    },
  );

  it.each(['', null, 7, {}, []])('an answer with %p for a refresh token brings none, so the old one stays', (value) => {
    expect(read({ refresh_token: value })).toEqual(bare);
  });

  it.each([undefined, null, '', 7, {}, ['a']])('an answer with %p for an access token is no token set', (value) => {
    expect(readTokenResponse({ access_token: value, refresh_token: 'r' })).toBeUndefined();
  });

  it('is never found in anything else, and nothing breaks the reading', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        const holds = typeof any === 'object' && any !== null && 'access_token' in any;
        fc.pre(!holds);
        expect(readTokenResponse(any)).toBeUndefined();
      }),
    );
    expect(readTokenResponse(undefined)).toBeUndefined();
  });

  it('reads whatever stands beside the access token', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('expires_in', 'refresh_token', 'refresh_expires_in', 'scope'), fc.jsonValue()),
        (rest) => {
          expect(read(rest)).toMatchObject({ accessToken: 'a' });
        },
      ),
    );
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
