import { describe, expect, it, jest } from '@jest/globals';
import { type Logger } from '#observability';
import { outageLog } from './outage-log.js';

describe('the log of an outage', () => {
  it('writes an error once in ten seconds with the number of its repeats, and another error at once', () => {
    let now = 0;
    const error = jest.fn();
    const report = outageLog({ error } as unknown as Logger, 'worker', () => now);
    for (; now < 10_000; now += 1_000) report(new Error('connection refused'));
    report(Object.assign(new Error('other'), { code: '57P01' }));
    report(new Error('connection refused'));
    expect(error.mock.calls.map(([line]) => line)).toMatchObject([
      { part: 'worker', repeats: 0, err: { message: 'connection refused' } },
      { repeats: 0, err: { code: '57P01' } },
      { repeats: 9, err: { message: 'connection refused' } },
    ]);
  });
});
