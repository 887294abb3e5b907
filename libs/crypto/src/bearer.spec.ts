import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { carriesToken } from './bearer.js';

const token = new Secret('s3cret-of-operations');

describe('a header with a token', () => {
  it.each(['Bearer s3cret-of-operations', 'bearer  s3cret-of-operations'])('is let in: %s', (header) => {
    expect(carriesToken(header, token)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    's3cret-of-operations',
    'Basic s3cret-of-operations',
    'Bearer s3cret-of-operationS',
    'Bearer s3cret',
  ])('is refused: %s', (header) => {
    expect(carriesToken(header, token)).toBe(false);
  });
});
