import { describe, expect, it } from '@jest/globals';
import { cutText } from './broken-tree.js';

const cut = { file: 'some.js', find: 'await store();', instead: '' };

describe('a cut in the built product', () => {
  it('takes the place of what it finds', () => {
    expect(cutText('a; await store(); b;', cut)).toBe('a;  b;');
  });

  it('is refused where it would break nothing, or not only what it means', () => {
    expect(() => cutText('a; b;', cut)).toThrow('must be written anew');
    expect(() => cutText('await store(); await store();', cut)).toThrow('must be written anew');
  });
});
