import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { readCallback } from './callback.js';

describe('the query of a callback', () => {
  it('brings a code, which prints as nothing', () => {
    const callback = readCallback({ state: 'the-state', code: 'the-code' });
    expect(callback).toMatchObject({ state: 'the-state', refusal: undefined });
    expect(callback?.code?.reveal()).toBe('the-code');
    expect(inspect(callback) + JSON.stringify(callback)).not.toContain('the-code');
  });

  it('or brings an error', () => {
    const callback = readCallback({
      state: 's',
      error: 'access_denied',
      error_description: 'No.',
      error_reason: 'user_denied',
      error_code: '200',
    });
    expect(callback).toEqual({
      state: 's',
      code: undefined,
      refusal: { error: 'access_denied', reason: 'user_denied', code: '200' },
    });
  });

  it('may bring neither, or both: the error counts then', () => {
    expect(readCallback({ state: 's' })).toEqual({ state: 's', code: undefined, refusal: undefined });
    expect(readCallback({ state: 's', code: '', error: '' })).toEqual({
      state: 's',
      code: undefined,
      refusal: undefined,
    });
    expect(readCallback({ state: 's', code: 'c', error: 'access_denied' })?.refusal?.error).toBe('access_denied');
  });

  it.each([
    { error_code: '901' },
    { error_message: 'This app is in sandbox mode.' },
    { error_reason: 'user_denied' },
    { error_description: 'No.' },
  ])('is a refusal by %j alone, but not beside a code', (words) => {
    expect(readCallback({ state: 's', ...words })?.refusal).toBeDefined();
    expect(readCallback({ state: 's', code: 'c', ...words })?.refusal).toBeUndefined();
  });

  it.each(['#_', '#_=_'])('may end in %s, whichever parameter is the last one', (tail) => {
    expect(readCallback({ state: `s${tail}`, code: 'c' })).toMatchObject({ state: 's' });
    expect(readCallback({ state: 's', code: `c#d${tail}` })?.code?.reveal()).toBe('c#d');
    expect(readCallback({ state: 's', error: `access_denied${tail}` })).toMatchObject({
      refusal: { error: 'access_denied' },
    });
    expect(readCallback({ state: 's', error_code: `901${tail}` })).toMatchObject({ refusal: { code: '901' } });
    expect(readCallback({ state: 's', code: tail })).toMatchObject({ code: undefined });
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
