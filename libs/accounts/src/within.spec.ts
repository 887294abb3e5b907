import { describe, expect, it, jest } from '@jest/globals';
import { within } from './within.js';

const after = <Value>(milliseconds: number, value: Value): Promise<Value> =>
  new Promise((resolve) => {
    setTimeout(() => {
      resolve(value);
    }, milliseconds);
  });

describe('work within a time', () => {
  it('is its result when it comes in time', async () => {
    expect(await within(1_000, after(5, 'done'), 'late')).toBe('done');
  });

  it('is what was said for late when it does not', async () => {
    expect(await within(5, after(1_000, 'done'), 'late')).toBe('late');
  });

  it('fails as the work fails', async () => {
    await expect(within(1_000, Promise.reject(new Error('broken')), 'late')).rejects.toThrow('broken');
  });

  it('goes on after its time, and harms nobody when it fails then', async () => {
    const unhandled = jest.fn();
    process.once('unhandledRejection', unhandled);
    let went = false;
    const work = after(20, undefined).then(() => {
      went = true;
      throw new Error('too late');
    });
    expect(await within(5, work, 'late')).toBe('late');
    await after(40, undefined);
    process.off('unhandledRejection', unhandled);
    expect([went, unhandled.mock.calls]).toEqual([true, []]);
  });

  it('leaves no timer behind that would keep the process awake', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    await within(60_000, Promise.resolve('done'), 'late');
    expect(timers()).toBe(before);
  });
});
