import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newApiKey, readApiKey, shownPrefix } from './api-key.js';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_';

describe('an API key', () => {
  it.each(['live', 'test'] as const)('contains its environment: %s', (environment) => {
    const key = newApiKey('dra', environment).reveal();
    expect(key).toMatch(new RegExp(`^dra_${environment}_[0-9A-Za-z]{49}$`));
    expect(readApiKey('dra', key)).toEqual({ environment });
  });

  it('has the form that secret scanners search for', () => {
    fc.assert(
      fc.property(fc.constantFrom('live', 'test'), (environment) => {
        expect(newApiKey('dra', environment as 'live').reveal()).toMatch(/^dra_(live|test)_[0-9A-Za-z]{49}$/);
      }),
      { numRuns: 200 },
    );
  });

  it('is never the same twice', () => {
    const keys = Array.from({ length: 100 }, () => newApiKey('dra', 'test').reveal());
    expect(new Set(keys).size).toBe(100);
  });

  it('is refused when any one of its characters is another', () => {
    const key = newApiKey('dra', 'live').reveal();
    for (let at = 0; at < key.length; at += 1) {
      for (const letter of LETTERS.replace(key[at]!, '')) {
        expect(readApiKey('dra', key.slice(0, at) + letter + key.slice(at + 1))).toBeUndefined();
      }
    }
  });

  it('is refused when any two neighbours changed places', () => {
    const key = newApiKey('dra', 'test').reveal();
    for (let at = 0; at + 1 < key.length; at += 1) {
      if (key[at] === key[at + 1]) continue;
      expect(readApiKey('dra', key.slice(0, at) + key[at + 1]! + key[at]! + key.slice(at + 2))).toBeUndefined();
    }
  });

  it.each([
    ["of another deployment's prefix", newApiKey('abc', 'live').reveal()],
    ['with a space after it', `${newApiKey('dra', 'live').reveal()} `],
    ['with a line break after it', `${newApiKey('dra', 'live').reveal()}\n`],
    ['cut short', newApiKey('dra', 'live').reveal().slice(0, -1)],
    ['that is empty', ''],
  ])('%s is refused', (_what, text) => {
    expect(readApiKey('dra', text)).toBeUndefined();
  });

  it('is refused without delay, however long the text', () => {
    expect(readApiKey('dra', `dra_live_${'a'.repeat(1_000_000)}`)).toBeUndefined();
  });

  it('shows of itself four characters, which is 232 bits too few', () => {
    const key = newApiKey('dra', 'test');
    expect(shownPrefix(key)).toBe(key.reveal().slice(0, 'dra_test_'.length + 4));
  });
});
