import { describe, expect, it } from '@jest/globals';
import { requestIdOf } from './hooks.js';

const idFor = (given: string | string[] | undefined): string => requestIdOf({ headers: { 'x-request-id': given } });

describe('a request id', () => {
  it.each(['a', 'A.b_c-9', 'x'.repeat(128)])("is the caller's own: %s", (given) => {
    expect(idFor(given)).toBe(given);
  });

  it.each([undefined, '', 'x'.repeat(129), 'a b', 'a/b', 'a\nb', 'ä', '<script>', ['a', 'b']])(
    'is a new one instead of %j',
    (given) => {
      expect(idFor(given)).toMatch(/^req_[0-9a-z]{26}$/);
    },
  );
});
