import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { structureProblem } from './json-body.js';

describe('a JSON text', () => {
  it.each([
    ['a name given twice', '{"a":1,"b":2,"a":3}', 'a', 'is given twice'],
    [
      'a name given twice in an object within',
      '{"a":{"b":[{"c":1},{"c":1,"d":2,"c":3}]}}',
      'a.b.1.c',
      'is given twice',
    ],
    ['a name given twice in different spellings', '{"a":1,"\\u0061" : 2}', 'a', 'is given twice'],
    ['a name with a quotation mark given twice', '{"a\\"b":1,"a\\"b":2}', 'a"b', 'is given twice'],
    ['an empty name given twice', '{"":1,"":2}', 'body', 'is given twice'],
    ['the name of a prototype', '{"a":{"__proto__":{}}}', 'a.__proto__', 'is not a possible name'],
    ['the name of a prototype in another spelling', '{"\\u005f_proto__":1}', '__proto__', 'is not a possible name'],
    ['a constructor', '[{"constructor":1}]', '0.constructor', 'is not a possible name'],
    ['21 levels', `{"a":${'['.repeat(20)}${']'.repeat(20)}}`, `a${'.0'.repeat(19)}`, 'is nested too deeply'],
  ])('may not have %s', (_what, json, field, message) => {
    expect(structureProblem(json)).toEqual({ field, message });
  });

  it.each([
    ['equal names in different objects', '{"a":{"a":[{"a":1},{"a":1}]},"b":{"a":1}}'],
    ['values that look like names', '{"a":"\\"a\\":","b":["a","a"],"c":"{\\"a\\":1,\\"a\\":2}"}'],
    ['brackets in texts', '{"a":"[[[{{{","b":"]]}"}'],
    ['20 levels', `${'['.repeat(20)}${']'.repeat(20)}`],
    ['no object at all', '"a"'],
  ])('may have %s', (_what, json) => {
    expect(structureProblem(json)).toBeUndefined();
  });

  it('is fine whenever it was written from a value, in whatever layout', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 2), (value, space) => {
        const json = JSON.stringify(value, undefined, space);
        fc.pre(!/__proto__|constructor|prototype/.test(json));
        expect(structureProblem(json)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
