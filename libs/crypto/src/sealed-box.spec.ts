import { describe, expect, it } from '@jest/globals';
import { createCipheriv, randomBytes } from 'node:crypto';
import { Secret } from '#observability';
import { newDataKey, unwrap, wrap } from './data-key.js';
import { Keyring } from './keyring.js';
import { open, seal, SealBroken } from './sealed-box.js';

const key = randomBytes(32);
const place = Buffer.from('here');
const keyring = new Keyring(new Secret(`k1:${randomBytes(32).toString('base64')}`));

describe('a sealed box', () => {
  it('is version, nonce, ciphertext and a tag of 16 bytes', () => {
    const box = seal(key, place, Buffer.from('four'));
    expect(box).toHaveLength(1 + 12 + 4 + 16);
    expect(box[0]).toBe(1);
  });

  it('does not open with another key, at another place or under another version', () => {
    const box = seal(key, place, Buffer.from('plain'));
    expect(() => open(randomBytes(32), place, box)).toThrow(SealBroken);
    expect(() => open(key, Buffer.from('there'), box)).toThrow(SealBroken);
    expect(() => open(key, place, Buffer.concat([Buffer.of(2), box.subarray(1)]))).toThrow(SealBroken);
  });

  it.each([4, 8, 12, 13, 14, 15])('refuses a tag of %d bytes, though AES-GCM itself would take it', (tagBytes) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(place);
    const text = Buffer.concat([cipher.update(Buffer.alloc(64, 'a')), cipher.final()]);
    const box = Buffer.concat([Buffer.of(1), nonce, text, cipher.getAuthTag()]);
    expect(() => open(key, place, box)).toThrow(SealBroken);
  });
});

describe('a wrapped data key', () => {
  it('opens to the key that was wrapped', () => {
    const dataKey = newDataKey();
    expect(unwrap(keyring, place, wrap(keyring, place, dataKey)).equals(dataKey)).toBe(true);
  });

  it('is refused when its commitment is that of another key, though the seal itself is whole', () => {
    const one = wrap(keyring, place, newDataKey());
    const other = wrap(keyring, place, newDataKey());
    const mixed = Buffer.concat([one.wrapped.subarray(0, -32), other.wrapped.subarray(-32)]);
    expect(() => unwrap(keyring, place, { ...one, wrapped: mixed })).toThrow(SealBroken);
  });

  it('is not the commitment: that shows nothing of the key', () => {
    const dataKey = newDataKey();
    expect(wrap(keyring, place, dataKey).wrapped.includes(dataKey)).toBe(false);
  });
});
