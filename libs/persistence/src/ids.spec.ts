import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId, publicId } from './ids.js';

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
  });
});
