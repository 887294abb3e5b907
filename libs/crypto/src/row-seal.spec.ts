import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import { Keyring } from './keyring.js';
import { openRow, type Place, type RowSecrets, sealRow, type SealedValues } from './row-seal.js';
import { SealBroken } from './sealed-box.js';

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
const seal = (keyring = ring): Row => sealRow(keyring, place, secrets);
const reveal = (row: RowSecrets<Columns>): (string | undefined)[] => [
  row.sealed_access?.reveal(),
  row.sealed_refresh?.reveal(),
];
const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
};

describe('a sealed row', () => {
  it('gives back at its place what was sealed there', () => {
    expect(reveal(openRow(ring, place, seal()))).toEqual([ACCESS, REFRESH]);
  });

  it('gives back any text, whatever its length or letters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 3000 }), (text) => {
        const row = sealRow(ring, place, { only: new Secret(text) });
        expect(openRow(ring, place, row).only?.reveal()).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps null where there is no secret', () => {
    const row = sealRow(ring, place, { sealed_access: new Secret(ACCESS), sealed_refresh: null });
    expect(row.values.sealed_refresh).toBeNull();
    expect(openRow(ring, place, row).sealed_refresh).toBeNull();
  });

  it('shows nothing of its secrets, and looks different each time', () => {
    const [one, other] = [seal(), seal()];
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
    expect(() => openRow(ring, { ...place, ...change }, seal())).toThrow(SealBroken);
  });

  it.each(['dataKey', 'value'] as const)('binds its place into the %s by itself', (part) => {
    const here = seal();
    const there = sealRow(ring, { ...place, rowId: 'g2' }, secrets);
    const mixed = part === 'value' ? { ...here, values: there.values } : { ...here, dekWrapped: there.dekWrapped };
    expect(() => openRow(ring, place, mixed)).toThrow(SealBroken);
  });

  it('does not open when two columns were swapped', () => {
    const { values, ...row } = seal();
    const swapped = { sealed_access: values.sealed_refresh, sealed_refresh: values.sealed_access };
    expect(() => openRow(ring, place, { ...row, values: swapped })).toThrow(SealBroken);
  });

  it('does not open when any one bit of a value was flipped', () => {
    const row = seal();
    const value = row.values.sealed_access!;
    fc.assert(
      fc.property(fc.nat(value.length * 8 - 1), (bit) => {
        const changed = { ...row, values: { ...row.values, sealed_access: flipped(value, bit) } };
        expect(() => openRow(ring, place, changed)).toThrow(SealBroken);
      }),
      { numRuns: 400 },
    );
  });

  it('does not open when any one bit of its wrapped key was flipped, the commitment included', () => {
    const row = seal();
    for (let bit = 0; bit < row.dekWrapped.length * 8; bit += 1) {
      expect(() => openRow(ring, place, { ...row, dekWrapped: flipped(row.dekWrapped, bit) })).toThrow(SealBroken);
    }
  });

  it('does not open when cut short anywhere', () => {
    const row = seal();
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

  it('says nothing secret, and no more than that it is broken, when it does not open', () => {
    const error = caught(() => openRow(ring, { ...place, rowId: 'g2' }, seal()));
    expect(error).toMatchObject({ code: 'crypto.seal_broken' });
    expect(JSON.stringify([error.message, error.stack, error])).not.toMatch(/canary|w1|g1|g2|AQEB/);
    expect(error.cause).toBeUndefined();
  });
});

describe('when the master key changes', () => {
  it('what the old key sealed still opens beside the new one', () => {
    const old = seal();
    const rotated = ringOf(K2, K1);
    expect(reveal(openRow(rotated, place, old))).toEqual([ACCESS, REFRESH]);
  });

  it('what is sealed from then on is under the new key alone', () => {
    const fresh = seal(ringOf(K2, K1));
    expect(fresh.kekId).toBe('k2');
    expect(reveal(openRow(ringOf(K2), place, fresh))).toEqual([ACCESS, REFRESH]);
    expect(() => openRow(ringOf(K1), place, fresh)).toThrow('no master key with the id "k2"');
  });

  it('a row whose key was taken away says which one it needs', () => {
    expect(() => openRow(ringOf(K2), place, seal())).toThrow(/"k1": a key in use was taken from MASTER_KEYS/);
  });

  it('another key under the same id opens nothing', () => {
    const impostor = ringOf(K2.replace('k2:', 'k1:'));
    expect(() => openRow(impostor, place, seal())).toThrow(SealBroken);
  });

  it('a row that names another key than its own does not open', () => {
    expect(() => openRow(ringOf(K1, K2), place, { ...seal(), kekId: 'k2' })).toThrow(SealBroken);
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
