import { describe, expect, it } from '@jest/globals';
import { findProvider, PROVIDER_NAMES } from '#providers';
import { readScopes } from './scopes.js';

describe('a list of scopes', () => {
  it.each([
    [['read']],
    [['user.info.basic', 'https://platform.example/auth/read', 'a-b_c:d!']],
    [['x'.repeat(128)]],
    [Array.from({ length: 64 }, () => 'a')],
  ])('may be %j', (scopes) => {
    expect(readScopes(scopes)).toEqual([...new Set(scopes)]);
  });

  it.each([
    ['an empty name', ['']],
    ['a space', ['a b']],
    ['a comma, with which some platforms separate', ['a,b']],
    ['a quotation mark', ['a"b']],
    ['a backslash', ['a\\b']],
    ['an ampersand', ['a&b']],
    ['an equals sign', ['a=b']],
    ['a percent sign', ['a%20b']],
    ['a number sign', ['a#b']],
    ['a semicolon', ['a;b']],
    ['an apostrophe', ["a'b"]],
    ['an angle bracket', ['<a>']],
    ['a NUL', ['a\u0000b']],
    ['a zero-width space', ['a\u200b']],
    ['a control character', ['a\n']],
    ['a letter beyond ASCII', ['ä']],
    ['a name of 129 characters', ['x'.repeat(129)]],
    ['no names', []],
    ['65 names', Array.from({ length: 65 }, () => 'a')],
  ])('may not have %s', (_what, scopes) => {
    expect(() => readScopes(scopes)).toThrow(
      expect.objectContaining({ code: 'scopes.invalid', fields: [expect.objectContaining({ field: 'scopes' })] }),
    );
  });

  it('may be the default scopes of any platform', () => {
    for (const name of PROVIDER_NAMES)
      expect(readScopes(findProvider(name)!.scopes.default)).toEqual(findProvider(name)!.scopes.default);
  });
});
