import { describe, expect, it } from '@jest/globals';
import { findProvider, PROVIDER_NAMES } from '#providers';
import { areScopes } from './scopes.js';

describe('a list of scopes', () => {
  it.each([[[]], [['read']], [['user.info.basic', 'https://platform.example/auth/read', 'a-b_c:d!']], [['x'.repeat(128)]], [Array.from({ length: 64 }, () => 'a')]])(
    'may be %j',
    (scopes) => { expect(areScopes(scopes)).toBe(true); },
  );

  it.each([
    ['an empty name', ['']],
    ['a space', ['a b']],
    ['a comma, with which some platforms separate', ['a,b']],
    ['a quotation mark', ['a"b']],
    ['a backslash', ['a\\b']],
    ['a control character', ['a\n']],
    ['a letter beyond ASCII', ['ä']],
    ['a name of 129 characters', ['x'.repeat(129)]],
    ['65 names', Array.from({ length: 65 }, () => 'a')],
  ])('may not have %s', (_what, scopes) => {
    expect(areScopes(scopes)).toBe(false);
  });

  it('may be what any platform is asked for by default', () => {
    for (const name of PROVIDER_NAMES) expect(areScopes(findProvider(name)!.scopes.default)).toBe(true);
  });
});
