import { expect, it } from '@jest/globals';
import { findDescribeTitles } from './support/describe-titles.js';
import { findProvokedAnswers } from './support/provoked-answers.js';

it('finds the title of a describe, and those of a describe with a table', () => {
  const text = `
    describe('GET /a', () => { describe('within', () => undefined); });
    describe.each(['PUT', 'PATCH'])('%s /b', () => undefined);
    describe.skip('left out', () => undefined);
    it('is no describe', () => undefined);`;
  expect(findDescribeTitles(text)).toEqual(['GET /a', 'within', 'PUT /b', 'PATCH /b']);
});

it('finds the statuses in the names of tests, also of those that a function of the file adds to a block', () => {
  const text = `
    function itChecksTheId() { it('answers 404 to an unknown id', () => undefined); }
    describe('GET /a', () => {
      itChecksTheId();
      it('answers 401 and 403', () => undefined);
      it.each(['x', 'y'])('answers 422 to %s', () => undefined);
      it.each([[1, 2]])('answers 200 to %i', () => undefined);
      it('stores 500 rows', () => undefined);
    });`;
  expect(findProvokedAnswers(text)).toEqual([
    { title: 'GET /a answers 404 to an unknown id', statuses: [404] },
    { title: 'GET /a answers 401 and 403', statuses: [401, 403] },
    { title: 'GET /a answers 422 to x', statuses: [422] },
    { title: 'GET /a answers 422 to y', statuses: [422] },
    { title: 'GET /a answers 200 to %i', statuses: [200] },
  ]);
});
