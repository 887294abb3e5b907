import { expect, it } from '@jest/globals';
import { findDescribeTitles } from './support/describe-titles.js';

it('finds the title of a describe, and those of a describe with a table', () => {
  const text = `
    describe('GET /a', () => { describe('within', () => undefined); });
    describe.each(['PUT', 'PATCH'])('%s /b', () => undefined);
    describe.skip('left out', () => undefined);
    it('is no describe', () => undefined);`;
  expect(findDescribeTitles(text)).toEqual(['GET /a', 'within', 'PUT /b', 'PATCH /b']);
});
