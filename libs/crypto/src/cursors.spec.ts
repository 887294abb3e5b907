import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '#observability';
import { Cursors } from './cursors.js';
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

describe('Cursors', () => {
  it('reads any position in the list that the cursor was written for', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        expect(new Cursors(ring).read(scope, new Cursors(ring).write(scope, any))).toEqual(
          JSON.parse(JSON.stringify(any)),
        );
      }),
    );
  });

  it.each([
    ['endpoint', { ...scope, endpoint: 'projects' }],
    ['workspace', { ...scope, workspaceId: 'w2' }],
    ['environment', { ...scope, environment: 'test' }],
    ['filter', { ...scope, filter: {} }],
  ])('is refused for another %s', (_part, other) => {
    expect(new Cursors(ring).read(other, new Cursors(ring).write(scope, position))).toBeUndefined();
  });

  it('rejects a cursor with any one character changed', () => {
    const cursor = new Cursors(ring).write(scope, position);
    for (let at = 0; at < cursor.length; at += 1) {
      for (const letter of LETTERS.replace(cursor[at]!, '')) {
        expect(new Cursors(ring).read(scope, cursor.slice(0, at) + letter + cursor.slice(at + 1))).toBeUndefined();
      }
    }
  });

  it('reads cursors of every key and writes with the first', () => {
    const old = new Cursors(ring).write(scope, position);
    expect(new Cursors(ringOf(K2, K1)).read(scope, old)).toEqual(position);
    expect(new Cursors(ringOf(K2)).read(scope, old)).toBeUndefined();
    expect(new Cursors(ringOf(K2)).read(scope, new Cursors(ringOf(K2, K1)).write(scope, position))).toEqual(position);
  });

  it('does not sign cursors with the key of states', () => {
    const body = Buffer.from(JSON.stringify(position)).toString('base64url');
    const forged = `${body}.${mac(ring.subkey('state'), JSON.stringify([scope, body])).toString('base64url')}`;
    expect(new Cursors(ring).read(scope, forged)).toBeUndefined();
    expect(new Cursors(ring).read(scope, mintState(ring).reveal())).toBeUndefined();
  });

  it.each(['', '.', 'garbage', '%00', 'a'.repeat(1_000_000)])('rejects text that is no cursor', (text) => {
    expect(new Cursors(ring).read(scope, text)).toBeUndefined();
  });
});
