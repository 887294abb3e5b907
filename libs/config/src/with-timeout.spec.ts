import { describe, expect, it, jest } from '@jest/globals';
import { withTimeout } from './with-timeout.js';

const after = <Value>(milliseconds: number, value: Value): Promise<Value> =>
  new Promise((resolve) => {
    setTimeout(() => {
      resolve(value);
    }, milliseconds);
  });
const late = (): string => 'late';

describe('withTimeout', () => {
  it('returns the result of work that ends in time', async () => {
    expect(await withTimeout(after(5, 'done'), 1_000, late)).toBe('done');
  });

  it('returns the result of onTimeout when the time is over', async () => {
    expect(await withTimeout(after(100, 'done'), 5, late)).toBe('late');
  });

  it('rejects with what onTimeout throws', async () => {
    const timedOut = withTimeout(after(100, 'done'), 5, () => {
      throw new Error('no answer');
    });
    await expect(timedOut).rejects.toThrow('no answer');
  });

  it('rejects as the work rejects', async () => {
    await expect(withTimeout(Promise.reject(new Error('broken')), 1_000, late)).rejects.toThrow('broken');
  });

  it('lets the work continue after the time, and ignores its rejection', async () => {
    const unhandled = jest.fn();
    process.once('unhandledRejection', unhandled);
    let ended = false;
    const work = after(20, 'done').then((): string => {
      ended = true;
      throw new Error('too late');
    });
    expect(await withTimeout(work, 5, late)).toBe('late');
    await after(40, undefined);
    process.off('unhandledRejection', unhandled);
    expect([ended, unhandled.mock.calls]).toEqual([true, []]);
  });

  it('leaves no timer that would keep the process running', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    await withTimeout(Promise.resolve('done'), 60_000, late);
    expect(timers()).toBe(before);
  });
});
