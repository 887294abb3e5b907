import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import { readCursor, writeCursor } from './cursor.js';
import { mac } from './digest.js';
import { Keyring } from './keyring.js';
import { mintState } from './signed-token.js';

const K1 = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const K2 = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const ringOf = (...keys: string[]): Keyring => new Keyring(new Secret(keys.join(',')));
const ring = ringOf(K1);
const scope = { endpoint: 'accounts', workspaceId: 'w1', environment: 'live', filter: { health: 'active' } };
const position = { at: '2026-11-22T06:00:00.000Z', id: 'a1' };
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('a cursor', () => {
  it('gives back any position in the list it was written for', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        expect(readCursor(ring, scope, writeCursor(ring, scope, any))).toEqual(JSON.parse(JSON.stringify(any)));
      }),
    );
  });

  it.each([
    ['endpoint', { ...scope, endpoint: 'projects' }],
    ['workspace', { ...scope, workspaceId: 'w2' }],
    ['environment', { ...scope, environment: 'test' }],
    ['filter', { ...scope, filter: {} }],
  ])('is refused for another %s', (_part, other) => {
    expect(readCursor(ring, other, writeCursor(ring, scope, position))).toBeUndefined();
  });

  it('has one spelling: with any one of its characters another it is refused', () => {
    const cursor = writeCursor(ring, scope, position);
    for (let at = 0; at < cursor.length; at += 1) {
      for (const letter of LETTERS.replace(cursor[at]!, '')) {
        expect(readCursor(ring, scope, cursor.slice(0, at) + letter + cursor.slice(at + 1))).toBeUndefined();
      }
    }
  });

  it('is read with every key and written with the first', () => {
    const old = writeCursor(ring, scope, position);
    expect(readCursor(ringOf(K2, K1), scope, old)).toEqual(position);
    expect(readCursor(ringOf(K2), scope, old)).toBeUndefined();
    expect(readCursor(ringOf(K2), scope, writeCursor(ringOf(K2, K1), scope, position))).toEqual(position);
  });

  it('is not signed with the key of states', () => {
    const body = Buffer.from(JSON.stringify(position)).toString('base64url');
    const forged = `${body}.${mac(ring.subkey('state'), JSON.stringify([scope, body])).toString('base64url')}`;
    expect(readCursor(ring, scope, forged)).toBeUndefined();
    expect(readCursor(ring, scope, mintState(ring).reveal())).toBeUndefined();
  });

  it.each(['', '.', 'garbage', '%00', 'a'.repeat(1_000_000)])('that is none is refused', (text) => {
    expect(readCursor(ring, scope, text)).toBeUndefined();
  });
});
