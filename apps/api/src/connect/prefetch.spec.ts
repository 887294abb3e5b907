import { describe, expect, it } from '@jest/globals';
import { isPrefetch } from './prefetch.js';

describe('isPrefetch', () => {
  it.each([
    ['HEAD', {}],
    ['GET', { 'sec-purpose': 'prefetch' }],
    ['GET', { 'sec-purpose': 'prefetch;prerender' }],
    ['GET', { purpose: 'prefetch' }],
    ['GET', { 'x-moz': 'prefetch' }],
    ['GET', { 'x-purpose': 'preview' }],
  ])('recognizes %s %j', (method, headers) => {
    expect(isPrefetch({ method, headers })).toBe(true);
  });

  it.each([{}, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, { purpose: 'navigation' }])(
    'accepts the navigation %j as a callback',
    (headers) => {
      expect(isPrefetch({ method: 'GET', headers })).toBe(false);
    },
  );
});
