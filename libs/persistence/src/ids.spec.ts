import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { TypeID } from 'typeid-js';
import { newId, newPublicId, publicId } from './ids.js';

describe('an id', () => {
  it('is a UUIDv7, never the same twice', () => {
    const ids = Array.from({ length: 1_000 }, newId);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    );
    expect(new Set(ids).size).toBe(1_000);
  });

  it('sorts after those that were made before', async () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      ids.push(newId());
      await sleep(2);
    }
    expect([...ids].sort()).toEqual(ids);
  });

  it('is shown as a TypeID of its kind', () => {
    expect(publicId('acc', '01893726-efee-7f02-8fbf-9f2b7bc2f910')).toMatch(/^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    expect(newPublicId('req')).toMatch(/^req_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  });

  it.each([
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '80000000-0000-0000-0000-000000000001',
    ...Array.from({ length: 100 }, newId),
  ])('is shown as typeid-js shows it: %s', (id) => {
    expect(publicId('acc', id)).toBe(TypeID.fromUUID('acc', id).toString());
  });
});
