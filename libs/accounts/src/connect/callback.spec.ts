import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { readCallback } from './callback.js';

describe('the query of a callback', () => {
  it('brings a code, which prints as nothing', () => {
    const callback = readCallback({ state: 'the-state', code: 'the-code' });
    expect(callback).toMatchObject({ state: 'the-state', error: undefined });
    expect(callback?.code?.reveal()).toBe('the-code');
    expect(inspect(callback) + JSON.stringify(callback)).not.toContain('the-code');
  });

  it('or brings an error', () => {
    expect(readCallback({ state: 's', error: 'access_denied', error_description: 'No.' })).toEqual({ state: 's', code: undefined, error: 'access_denied' });
  });

  it('may bring neither, or both: the error counts then', () => {
    expect(readCallback({ state: 's' })).toEqual({ state: 's', code: undefined, error: undefined });
    expect(readCallback({ state: 's', code: '', error: '' })).toEqual({ state: 's', code: undefined, error: undefined });
    expect(readCallback({ state: 's', code: 'c', error: 'access_denied' })?.error).toBe('access_denied');
  });

  it.each([
    ['without a state', { code: 'c' }],
    ['with two states', { state: ['s', 's'], code: 'c' }],
    ['with two codes', { state: 's', code: ['c', 'd'] }],
    ['with two errors', { state: 's', error: ['access_denied', 'server_error'] }],
    ['with nothing', {}],
  ])('is not read %s (RFC 6749 3.1)', (_what, query) => {
    expect(readCallback(query)).toBeUndefined();
  });

  it('may repeat what is none of ours', () => {
    expect(readCallback({ state: 's', code: 'c', scopes: ['a', 'b'] })).toBeDefined();
  });
});
