import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { BodyDigests } from './body-digests.js';
import { digest } from './digest.js';
import { Keyring } from './keyring.js';

const key = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const digestsOf = (...keys: string[]): BodyDigests => new BodyDigests(new Keyring(new Secret(keys.join(','))));
const BODY = '{"client_secret":"shh"}';

describe('the digest of a request body', () => {
  it('cannot be computed without a master key', () => {
    const stored = digestsOf(key('k1', 1)).write(BODY);
    expect(stored).toHaveLength(32);
    expect(stored).not.toEqual(digest(BODY));
    expect(digestsOf(key('k1', 2)).isOf(stored, BODY)).toBe(false);
  });

  it('is recognized by the same body only, also after a rotation of the master keys', () => {
    const stored = digestsOf(key('k1', 1)).write(BODY);
    const rotated = digestsOf(key('k2', 2), key('k1', 1));
    expect(rotated.isOf(stored, BODY)).toBe(true);
    expect(rotated.isOf(stored, `${BODY} `)).toBe(false);
  });

  it('is recognized when version 0.1.0 has stored the plain digest', () => {
    expect(digestsOf(key('k1', 1)).isOf(digest(BODY), BODY)).toBe(true);
  });
});
