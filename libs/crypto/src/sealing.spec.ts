import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCipheriv, randomBytes } from 'node:crypto';
import { Secret } from '#observability';
import { Keyring } from './keyring.js';
import {
  newDataKey,
  open,
  openRow,
  type Place,
  type RowSecrets,
  seal,
  SealBroken,
  type SealedValues,
  sealRow,
  unwrap,
  wrap,
} from './sealing.js';

type Columns = 'sealed_access' | 'sealed_refresh';
type Row = SealedValues<Columns>;

const ACCESS = 'access-token-canary';
const REFRESH = 'refresh-token-canary';
const K1 = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const K2 = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const ringOf = (...keys: string[]): Keyring => new Keyring(new Secret(keys.join(',')));

const ring = ringOf(K1);
const place: Place = { workspaceId: 'w1', environment: 'live', table: 'grant_tokens', rowId: 'g1', version: '7' };
const secrets: RowSecrets<Columns> = { sealed_access: new Secret(ACCESS), sealed_refresh: new Secret(REFRESH) };
const sealSecrets = (keyring = ring): Row => sealRow(keyring, place, secrets);
const reveal = (row: RowSecrets<Columns>): (string | undefined)[] => [
  row.sealed_access?.reveal(),
  row.sealed_refresh?.reveal(),
];
const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
};

describe('sealRow and openRow', () => {
  it('open a row at the place where it was sealed', () => {
    expect(reveal(openRow(ring, place, sealSecrets()))).toEqual([ACCESS, REFRESH]);
  });

  it('keep any text, whatever its length or characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const row = sealRow(ring, place, { only: new Secret(text) });
        expect(openRow(ring, place, row).only?.reveal()).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('keep null where there is no secret', () => {
    const row = sealRow(ring, place, { sealed_access: new Secret(ACCESS), sealed_refresh: null });
    expect(row.values.sealed_refresh).toBeNull();
    expect(openRow(ring, place, row).sealed_refresh).toBeNull();
  });

  it('seal with new bytes each time, and show no secret', () => {
    const [one, other] = [sealSecrets(), sealSecrets()];
    const bytes = Buffer.concat([one.values.sealed_access!, one.values.sealed_refresh!, one.dekWrapped]);
    expect(bytes.includes(ACCESS) || bytes.includes(REFRESH)).toBe(false);
    expect(one.values.sealed_access!.equals(other.values.sealed_access!)).toBe(false);
    expect(one.dekWrapped.equals(other.dekWrapped)).toBe(false);
  });

  it.each<[string, Partial<Place>]>([
    ['workspace', { workspaceId: 'w2' }],
    ['environment', { environment: 'test' }],
    ['table', { table: 'account_tokens' }],
    ['row', { rowId: 'g2' }],
    ['version, older', { version: '6' }],
    ['version, newer', { version: '8' }],
    ['split of the same letters', { workspaceId: 'w1l', environment: 'ive' }],
  ])('does not open at another %s', (_part, change) => {
    expect(() => openRow(ring, { ...place, ...change }, sealSecrets())).toThrow(SealBroken);
  });

  it.each(['dataKey', 'value'] as const)('bind the place into the %s', (part) => {
    const here = sealSecrets();
    const there = sealRow(ring, { ...place, rowId: 'g2' }, secrets);
    const mixed = part === 'value' ? { ...here, values: there.values } : { ...here, dekWrapped: there.dekWrapped };
    expect(() => openRow(ring, place, mixed)).toThrow(SealBroken);
  });

  it('reject a row whose columns were swapped', () => {
    const { values, ...row } = sealSecrets();
    const swapped = { sealed_access: values.sealed_refresh, sealed_refresh: values.sealed_access };
    expect(() => openRow(ring, place, { ...row, values: swapped })).toThrow(SealBroken);
  });

  it('reject a value with any one bit flipped', () => {
    const row = sealSecrets();
    const value = row.values.sealed_access!;
    fc.assert(
      fc.property(fc.nat(value.length * 8 - 1), (bit) => {
        const changed = { ...row, values: { ...row.values, sealed_access: flipped(value, bit) } };
        expect(() => openRow(ring, place, changed)).toThrow(SealBroken);
      }),
      { numRuns: 400 },
    );
  });

  it('reject a wrapped key with any one bit flipped, the commitment included', () => {
    const row = sealSecrets();
    for (let bit = 0; bit < row.dekWrapped.length * 8; bit += 1) {
      expect(() => openRow(ring, place, { ...row, dekWrapped: flipped(row.dekWrapped, bit) })).toThrow(SealBroken);
    }
  });

  it('reject a value that was cut short anywhere', () => {
    const row = sealSecrets();
    const value = row.values.sealed_access!;
    for (let length = 0; length < value.length; length += 1) {
      const cut = { ...row.values, sealed_access: value.subarray(0, length) };
      expect(() => openRow(ring, place, { ...row, values: cut })).toThrow(SealBroken);
    }
    for (let length = 0; length < row.dekWrapped.length; length += 1) {
      expect(() => openRow(ring, place, { ...row, dekWrapped: row.dekWrapped.subarray(0, length) })).toThrow(
        SealBroken,
      );
    }
  });

  it('throw an error without any secret', () => {
    const error = caught(() => openRow(ring, { ...place, rowId: 'g2' }, sealSecrets()));
    expect(error).toMatchObject({ code: 'crypto.seal_broken', row: { table: place.table, rowId: 'g2' } });
    expect(JSON.stringify([error.message, error.stack])).not.toMatch(/canary|w1|g1|g2|AQEB/);
    expect(JSON.stringify(error)).not.toMatch(/canary|w1|AQEB/);
    expect(error.cause).toBeUndefined();
  });
});

describe('a change of the master key', () => {
  it('leaves rows of the old key readable', () => {
    const old = sealSecrets();
    const rotated = ringOf(K2, K1);
    expect(reveal(openRow(rotated, place, old))).toEqual([ACCESS, REFRESH]);
  });

  it('seals new rows under the new key alone', () => {
    const fresh = sealSecrets(ringOf(K2, K1));
    expect(fresh.kekId).toBe('k2');
    expect(reveal(openRow(ringOf(K2), place, fresh))).toEqual([ACCESS, REFRESH]);
    expect(() => openRow(ringOf(K1), place, fresh)).toThrow('no master key with the id "k2"');
  });

  it('names the missing key of a row', () => {
    expect(() => openRow(ringOf(K2), place, sealSecrets())).toThrow(/"k1": a key in use was taken from MASTER_KEYS/);
  });

  it('opens no row with another key under the same id', () => {
    const impostor = ringOf(K2.replace('k2:', 'k1:'));
    expect(() => openRow(impostor, place, sealSecrets())).toThrow(SealBroken);
  });

  it('opens no row that names another key than its own', () => {
    expect(() => openRow(ringOf(K1, K2), place, { ...sealSecrets(), kekId: 'k2' })).toThrow(SealBroken);
  });
});

function caught(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

const boxKey = randomBytes(32);
const boxPlace = Buffer.from('here');
const boxRing = new Keyring(new Secret(`k1:${randomBytes(32).toString('base64')}`));

describe('seal and open', () => {
  it('write version, nonce, ciphertext and a tag of 16 bytes', () => {
    const box = seal(boxKey, boxPlace, Buffer.from('four'));
    expect(box).toHaveLength(1 + 12 + 4 + 16);
    expect(box[0]).toBe(1);
  });

  it('reject another key, place or version', () => {
    const box = seal(boxKey, boxPlace, Buffer.from('plain'));
    expect(() => open(randomBytes(32), boxPlace, box)).toThrow(SealBroken);
    expect(() => open(boxKey, Buffer.from('there'), box)).toThrow(SealBroken);
    expect(() => open(boxKey, boxPlace, Buffer.concat([Buffer.of(2), box.subarray(1)]))).toThrow(SealBroken);
  });

  it.each([4, 8, 12, 13, 14, 15])('reject a tag of %d bytes, which AES-GCM alone would accept', (tagBytes) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', boxKey, nonce, { authTagLength: tagBytes }).setAAD(boxPlace);
    const text = Buffer.concat([cipher.update(Buffer.alloc(64, 'a')), cipher.final()]);
    const box = Buffer.concat([Buffer.of(1), nonce, text, cipher.getAuthTag()]);
    expect(() => open(boxKey, boxPlace, box)).toThrow(SealBroken);
  });
});

describe('wrap and unwrap', () => {
  it('return the key that was wrapped', () => {
    const dataKey = newDataKey();
    expect(unwrap(boxRing, boxPlace, wrap(boxRing, boxPlace, dataKey)).equals(dataKey)).toBe(true);
  });

  it('reject the commitment of another key, though the seal is intact', () => {
    const one = wrap(boxRing, boxPlace, newDataKey());
    const other = wrap(boxRing, boxPlace, newDataKey());
    const mixed = Buffer.concat([one.wrapped.subarray(0, -32), other.wrapped.subarray(-32)]);
    expect(() => unwrap(boxRing, boxPlace, { ...one, wrapped: mixed })).toThrow(SealBroken);
  });

  it('write a commitment that shows nothing of the key', () => {
    const dataKey = newDataKey();
    expect(wrap(boxRing, boxPlace, dataKey).wrapped.includes(dataKey)).toBe(false);
  });
});
