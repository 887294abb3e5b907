import { describe, expect, it } from '@jest/globals';
import { isSpeculative } from './speculative.js';

describe('a request that only looks', () => {
  it.each([
    ['HEAD', {}],
    ['GET', { 'sec-purpose': 'prefetch' }],
    ['GET', { 'sec-purpose': 'prefetch;prerender' }],
    ['GET', { purpose: 'prefetch' }],
    ['GET', { 'x-moz': 'prefetch' }],
    ['GET', { 'x-purpose': 'preview' }],
  ])('is known: %s %j', (method, headers) => {
    expect(isSpeculative({ method, headers })).toBe(true);
  });

  it.each([{}, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, { purpose: 'navigation' }])(
    'is not a person who comes back: %j',
    (headers) => {
      expect(isSpeculative({ method: 'GET', headers })).toBe(false);
    },
  );
});
