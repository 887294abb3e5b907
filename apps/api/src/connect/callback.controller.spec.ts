import { describe, expect, it } from '@jest/globals';
import { isPrefetch } from './callback.controller.js';

describe('the callback', () => {
  it.each([
    ['HEAD', {}],
    ['GET', { 'sec-purpose': 'prefetch' }],
    ['GET', { 'sec-purpose': 'prefetch;prerender' }],
    ['GET', { purpose: 'prefetch' }],
    ['GET', { 'x-moz': 'prefetch' }],
    ['GET', { 'x-purpose': 'preview' }],
  ])('spends nothing for a prefetch: %s %j', (method, headers) => {
    expect(isPrefetch({ method, headers })).toBe(true);
  });

  it.each([{}, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, { purpose: 'navigation' }])(
    'treats a navigation as the return of the browser: %j',
    (headers) => {
      expect(isPrefetch({ method: 'GET', headers })).toBe(false);
    },
  );
});
