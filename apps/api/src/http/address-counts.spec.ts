import { describe, expect, it } from '@jest/globals';
import { AddressCounts } from './address-counts.js';

let now = 0;
const counts = (): AddressCounts => {
  now = 1_000;
  return new AddressCounts(3, () => now);
};

describe('the count of an address', () => {
  it('is shown whole before its first request', () => {
    expect(counts().headersFor('192.0.2.1')).toEqual({
      'RateLimit-Policy': '"public";q=3;w=60',
      RateLimit: '"public";r=3;t=60',
    });
  });

  it('is shown as it was counted last, until its window ends', () => {
    const known = counts();
    known.record('192.0.2.1', { used: 2, resetIn: 10_000 });
    now += 4_500;
    expect(known.headersFor('::ffff:192.0.2.1').RateLimit).toBe('"public";r=1;t=6');
    now += 5_500;
    expect(known.headersFor('192.0.2.1').RateLimit).toBe('"public";r=3;t=60');
  });

  it('is over above the limit, and never negative', () => {
    const known = counts();
    known.record('192.0.2.1', { used: 3, resetIn: 10_000 });
    expect(known.isOver('192.0.2.1')).toBe(false);
    known.record('192.0.2.1', { used: 5, resetIn: 10_000 });
    expect([known.isOver('192.0.2.1'), known.isOver('192.0.2.2')]).toEqual([true, false]);
    expect(known.headersFor('192.0.2.1').RateLimit).toBe('"public";r=0;t=10');
  });

  it('is dropped for the oldest of too many addresses', () => {
    const known = counts();
    for (let host = 0; host <= 10_000; host += 1) known.record(`client ${host}`, { used: 9, resetIn: 10_000 });
    expect([known.isOver('client 0'), known.isOver('client 1')]).toEqual([false, true]);
  });
});
