import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { Keyring } from './keyring.js';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const keyring = (text: string): Keyring => new Keyring(new Secret(text));
const messageOf = (text: string): string => {
  try {
    keyring(text);
  } catch (error) {
    return (error as Error).message;
  }
  return '(it was taken)';
};

describe('the keyring', () => {
  it('seals with the first key and opens with all of them, however they are separated', () => {
    const ring = keyring(`new:${key(1)}, old:${key(2)}\nolder:${key(3)}\n`);
    expect(ring.primaryId).toBe('new');
    expect(ring.ids).toEqual(['new', 'old', 'older']);
  });

  it('seals with the first key that is not left out, and still opens with the others', () => {
    const ring = keyring(`one:${key(1)},two:${key(2)},three:${key(3)}`);
    expect(ring.sealWithout(['one', 'two'])).toBe(true);
    expect([ring.primaryId, ring.ids]).toEqual(['three', ['three', 'one', 'two']]);
    expect(ring.subkey('wrap')).toEqual(keyring(`three:${key(3)}`).subkey('wrap'));
    expect(ring.subkey('wrap', 'one')).toEqual(keyring(`one:${key(1)}`).subkey('wrap'));
    expect(ring.sealWithout(['one', 'two', 'three'])).toBe(false);
    expect(ring.primaryId).toBe('three');
  });

  it.each([
    ['nothing', '', /holds no key/],
    ['only separators', ' ,\n, ', /holds no key/],
    ['a key without an id', key(1), /id:base64 of 32 bytes/],
    ['an id without a key', 'k1:', /id:base64 of 32 bytes/],
    ['a key of 31 bytes', `k1:${Buffer.alloc(31, 7).toString('base64')}`, /id:base64 of 32 bytes/],
    ['a key of 33 bytes', `k1:${Buffer.alloc(33, 7).toString('base64')}`, /id:base64 of 32 bytes/],
    ['an id that is too long', `${'k'.repeat(33)}:${key(1)}`, /id:base64 of 32 bytes/],
    ['one id for two keys', `k1:${key(1)},k1:${key(2)}`, /one key id twice/],
    ['a good key beside a broken one', `k1:${key(1)},k2:short`, /id:base64 of 32 bytes/],
  ])('refuses %s and states the reason', (_what, text, sentence) => {
    expect(messageOf(text)).toMatch(sentence);
  });

  it('repeats no part of a key that it refuses', () => {
    const tooLong = Buffer.alloc(33, 7).toString('base64');
    expect(messageOf(`k1:${tooLong}`)).not.toContain(tooLong.slice(0, 8));
  });

  it('has another subkey for each purpose and each master key, always the same one', () => {
    const ring = keyring(`a:${key(1)},b:${key(2)}`);
    const subkeys = (['wrap', 'fingerprint', 'state', 'cursor', 'journal'] as const).flatMap((purpose) => [
      ring.subkey(purpose, 'a').toString('hex'),
      ring.subkey(purpose, 'b').toString('hex'),
    ]);
    expect(new Set(subkeys).size).toBe(10);
    expect(subkeys).not.toContain(Buffer.alloc(32, 1).toString('hex'));
    expect(
      keyring(`a:${key(1)}`)
        .subkey('wrap')
        .equals(ring.subkey('wrap')),
    ).toBe(true);
  });

  it('names the id of a key that it has not', () => {
    expect(() => keyring(`a:${key(1)}`).subkey('wrap', 'gone')).toThrow('no master key with the id "gone"');
  });
});
