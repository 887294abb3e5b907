import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import { Keyring } from './keyring.js';
import { isOurState, mintState } from './signed-token.js';

const K1 = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const K2 = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const ringOf = (...keys: string[]): Keyring => new Keyring(new Secret(keys.join(',')));
const ring = ringOf(K1);
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a state', () => {
  it('is ours when we minted it, and never the same twice', () => {
    const states = Array.from({ length: 50 }, () => mintState(ring).reveal());
    expect(states.every((state) => isOurState(ring, state))).toBe(true);
    expect(new Set(states).size).toBe(50);
  });

  it('goes into a URL as it is', () => {
    const state = mintState(ring).reveal();
    expect(encodeURIComponent(state)).toBe(state);
  });

  it('minted by an older key is ours as long as that key is kept', () => {
    const state = mintState(ring).reveal();
    expect(isOurState(ringOf(K2, K1), state)).toBe(true);
    expect(isOurState(ringOf(K2), state)).toBe(false);
  });

  it('is not ours when any one of its characters is another', () => {
    const state = mintState(ring).reveal();
    for (let at = 0; at < state.length; at += 1) {
      for (const letter of LETTERS.replace(state[at]!, '')) {
        expect(isOurState(ring, state.slice(0, at) + letter + state.slice(at + 1))).toBe(false);
      }
    }
  });

  it('rejects an invented token', () => {
    const half = fc.string({ unit: fc.constantFrom(...Array.from(LETTERS)), minLength: 43, maxLength: 43 });
    fc.assert(
      fc.property(half, half, (random, signature) => {
        expect(isOurState(ring, `${random}.${signature}`)).toBe(false);
      }),
    );
  });

  it.each(['', '.', 'x', `${'a'.repeat(43)}.`, 'a'.repeat(1_000_000)])(
    'is not ours when it has not the form',
    (text) => {
      expect(isOurState(ring, text)).toBe(false);
    },
  );

  it('rejects a token of another deployment', () => {
    expect(isOurState(ring, mintState(ringOf(K2)).reveal())).toBe(false);
  });
});
