import { describe, expect, it } from '@jest/globals';
import { cutText } from './broken-tree.js';

const cut = { file: 'some.js', find: 'await store();', instead: '' };

describe('a cut in the built product', () => {
  it('replaces the text that it finds', () => {
    expect(cutText('a; await store(); b;', cut)).toBe('a;  b;');
  });

  it('is refused if its text occurs never or more than once', () => {
    expect(() => cutText('a; b;', cut)).toThrow('must be rewritten');
    expect(() => cutText('await store(); await store();', cut)).toThrow('must be rewritten');
  });
});
