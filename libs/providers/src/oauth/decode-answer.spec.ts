import { describe, expect, it } from '@jest/globals';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { PlatformAnswer } from '../contract/http.js';
import { decodeAnswer, holdsWholeObject, parseJson } from './decode-answer.js';

const tokens = { access_token: 'a', scope: 'ünï 😀' };
const TEXT = JSON.stringify(tokens);
const answer = (body: Buffer | string, headers: Record<string, string> = {}): PlatformAnswer => ({
  status: 200,
  headers,
  body: Buffer.from(body),
});
const read = (body: Buffer | string, headers: Record<string, string> = {}): unknown =>
  decodeAnswer(answer(body, headers)).json;
const encoded = (coding: string): Record<string, string> => ({ 'content-encoding': coding });
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** The default quality, 11, takes seconds for megabytes. */
const compressBrotli = (body: Buffer | string): Buffer =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

describe('the body of an answer', () => {
  it.each([
    ['gzip', gzipSync(TEXT), encoded('gzip')],
    ['x-gzip, in capitals', gzipSync(TEXT), encoded('X-GZIP')],
    ['deflate', deflateSync(TEXT), encoded('deflate')],
    ['deflate without the zlib frame', deflateRawSync(TEXT), encoded('deflate')],
    ['br', brotliCompressSync(TEXT), encoded('br')],
    ['two codings, one upon the other', gzipSync(brotliCompressSync(TEXT)), encoded('br, gzip')],
    ['gzip that no header names', gzipSync(TEXT), {}],
    ['gzip twice, named once', gzipSync(gzipSync(TEXT)), encoded('gzip')],
    ['gzip without its last bytes', gzipSync(TEXT).subarray(0, -8), encoded('gzip')],
    ['identity', Buffer.from(TEXT), encoded('identity')],
    ['no coding, under a header that names gzip', Buffer.from(TEXT), encoded('gzip')],
    ['no coding, under a header that names deflate', Buffer.from(TEXT), encoded('deflate')],
    ['no coding, under a header that names br', Buffer.from(TEXT), encoded('br')],
    ['no coding, under a header that names an unknown one', Buffer.from(TEXT), encoded('zstd')],
  ])('is read in %s', (_coding, body, headers) => {
    expect(read(body, headers)).toEqual(tokens);
  });

  it.each([
    ['UTF-8 with a byte order mark', Buffer.concat([BOM, Buffer.from(TEXT)]), ''],
    ['UTF-8 with a byte order mark, in gzip', gzipSync(Buffer.concat([BOM, Buffer.from(TEXT)])), ''],
    ['UTF-8 under a wrong charset', Buffer.from(TEXT), 'text/html; charset=ISO-8859-1'],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), ''],
    ['UTF-16, big end first, with a byte order mark', utf16be(`\ufeff${TEXT}`), ''],
    ['UTF-16 without one', Buffer.from(TEXT, 'utf16le'), 'application/json; charset=utf-16'],
    ['UTF-16, big end first, without one', utf16be(TEXT), ''],
  ])('is read in %s', (_charset, body, type) => {
    expect(read(body, { 'content-type': type })).toEqual(tokens);
  });

  it('is read in the charset that is declared where it is no UTF-8', () => {
    const latin1 = Buffer.from('{"name":"Zoë"}', 'latin1');
    expect(read(latin1, { 'content-type': 'application/json; charset="iso-8859-1"' })).toEqual({ name: 'Zoë' });
    expect(read(latin1, { 'content-type': 'application/json; charset=klingon' })).toEqual({ name: 'Zo\ufffd' });
  });

  it.each([
    'application/json',
    'text/html',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'nonsense',
  ])('is read as JSON, else as a form, under the type %s', (type) => {
    const headers = { 'content-type': type };
    expect(read(TEXT, headers)).toEqual(tokens);
    expect(read('access_token=gho_1%2B2&scope=repo%2Cgist&token_type=bearer\n', headers)).toEqual({
      access_token: 'gho_1+2',
      scope: 'repo,gist',
      token_type: 'bearer',
    });
  });

  it('has no parameter that stands twice in a form, and none that objects inherit', () => {
    expect(read('access_token=a&access_token=b&state=s')).toEqual({ state: 's' });
    expect(Object.getPrototypeOf(read('__proto__=a&b=c'))).toBe(Object.prototype);
  });

  it.each([
    ['HTML', '<html>a=b</html>'],
    ['a sentence', 'access_token=a is what you need'],
    ['half a JSON', TEXT.slice(0, -1)],
    ['two byte order marks', Buffer.concat([BOM, BOM, Buffer.from(TEXT)])],
    ['half a gzip', gzipSync(`${TEXT}${' '.repeat(9)}`).subarray(0, 25)],
    ['nothing', ''],
    ['one byte', Buffer.from([0])],
  ])('is not read where it is %s', (_what, body) => {
    expect(read(body)).toBeUndefined();
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', compressBrotli],
  ] as const)('is not expanded beyond a megabyte: %s', (coding, compress) => {
    const most = JSON.stringify('x'.repeat(1024 * 1024 - 2));
    expect(read(compress(most), encoded(coding))).toHaveLength(1024 * 1024 - 2);
    expect(read(compress(`${most} `), encoded(coding))).toBeUndefined();
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024, ' '));
    expect(bomb.length).toBeLessThan(100_000);
    expect(read(bomb, encoded(coding))).toBeUndefined();
    expect(read(gzipSync(bomb), encoded(`${coding}, gzip`))).toBeUndefined();
  });

  it('can be anything at all, under any header', () => {
    const headers = fc.record({
      'content-encoding': fc.constantFrom('gzip', 'deflate', 'br', 'gzip,br', ',', 'x'),
      'content-type': fc.string(),
    });
    fc.assert(
      fc.property(fc.uint8Array(), headers, (bytes, labels) => {
        expect(() => read(Buffer.from(bytes), labels)).not.toThrow();
      }),
    );
  });
});

describe('an interrupted transfer', () => {
  it.each([
    ['a whole object', TEXT, true],
    ['a whole object and the beginning of something', `${TEXT}{`, false],
    ['an object without its end', TEXT.slice(0, -1), false],
    ['a form, which could continue', 'access_token=a', false],
    ['a number, which could continue', '12', false],
    ['nothing', '', false],
  ])('holds a whole object where it holds %s: %s → %p', (_what, body, expected) => {
    expect(holdsWholeObject(answer(body))).toBe(expected);
  });

  it('holds a whole object in gzip too', () => {
    expect(holdsWholeObject(answer(gzipSync(TEXT).subarray(0, -8), encoded('gzip')))).toBe(true);
    expect(holdsWholeObject(answer(gzipSync(TEXT).subarray(0, 12), encoded('gzip')))).toBe(false);
  });
});

describe('JSON', () => {
  it('keeps every digit of an integer that no number can hold', () => {
    expect(parseJson('{"id":12345678901234567890,"n":-9007199254740993,"list":[9007199254740992]}')).toEqual({
      id: '12345678901234567890',
      n: '-9007199254740993',
      list: ['9007199254740992'],
    });
  });

  it('has numbers everywhere else, and changes no text that looks like one', () => {
    const text =
      '{"id":9007199254740991,"f":1.2345678901234567890,"e":1e400,"s":"12345678901234567890","q":"\\\\\\"12345678901234567890","1234567890123456789":1}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('is read as JSON.parse reads it, but for such integers', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{16}/.test(text));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('gives every digit back, wherever the integer stands', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n }), fc.string(), (id, text) => {
        expect(parseJson(JSON.stringify({ text, id: 0 }).replace(/0}$/, `${id}}`))).toEqual({ text, id: String(id) });
      }),
    );
  });

  it('has the last of two values under one name, as everywhere, and pollutes no prototype', () => {
    expect(parseJson('{"id":1,"id":12345678901234567890}')).toEqual({ id: '12345678901234567890' });
    const read = parseJson('{"__proto__":{"admin":12345678901234567890}}') as object;
    expect([Object.keys(read), 'admin' in {}, Object.getPrototypeOf(read)]).toEqual([
      ['__proto__'],
      false,
      Object.prototype,
    ]);
  });

  it('is read in time however deep or long it is', () => {
    const long = `{"id":12345678901234567890,"text":"${'\\n'.repeat(250_000)}"}`;
    expect(parseJson(long)).toMatchObject({ id: '12345678901234567890' });
    expect(parseJson(`${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`)).toBeDefined();
  });
});
