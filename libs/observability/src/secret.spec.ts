import { describe, expect, it } from '@jest/globals';
import { format, inspect } from 'node:util';
import { Secret } from './secret.js';

describe('a secret', () => {
  const secret = new Secret('hunter2');

  it('returns its value from reveal()', () => {
    expect(secret.reveal()).toBe('hunter2');
  });

  it.each([
    ['a template', String(secret)],
    ['JSON', JSON.stringify({ secret })],
    ['inspect', inspect({ deep: [secret] }, { depth: 9, showHidden: true })],
    ['format', format('%s %o %j', secret, secret, secret)],
    ['an error message', new Error(`failed with ${secret.toString()}`).message],
  ])('is masked in %s', (_where, printed) => {
    expect(printed).not.toContain('hunter2');
  });
});
