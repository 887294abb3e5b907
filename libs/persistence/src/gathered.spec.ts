import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Pool } from 'pg';
import { Gathered } from './gathered.js';

const poolOf = (max: number, mostWaiting?: number): Pool => ({ options: { max, mostWaiting } }) as unknown as Pool;

/** Statements that end when the test ends them. */
class Statements {
  readonly begun: string[][] = [];
  readonly #ends: ((value?: unknown) => void)[] = [];

  readonly read = async (keys: readonly string[]): Promise<string[]> => {
    this.begun.push([...keys]);
    const error = await new Promise((resolve) => this.#ends.push(resolve));
    if (error) throw error as Error;
    return keys.map((key) => key.toUpperCase());
  };

  end(error?: Error): void {
    this.#ends.shift()?.(error);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('keys of several callers', () => {
  it('share a statement when they arrive in the same turn of the event loop, and each caller gets its own value', async () => {
    const statements = new Statements();
    const gathered = new Gathered(statements.read, poolOf(5));
    const values = Promise.all(['a', 'b', 'a'].map((key) => gathered.load(key)));
    await turn();
    statements.end();
    expect(await values).toEqual(['A', 'B', 'A']);
    expect(statements.begun).toEqual([['a', 'b', 'a']]);
  });

  it('never join a statement that has begun: a caller gets what is stored after its call', async () => {
    const statements = new Statements();
    const gathered = new Gathered(statements.read, poolOf(5));
    const first = gathered.load('a');
    await turn();
    const later = Promise.all([gathered.load('b'), gathered.load('a')]);
    await turn();
    expect(statements.begun).toEqual([['a']]);
    statements.end();
    await first;
    while (statements.begun.length < 2) await turn();
    statements.end();
    expect(await later).toEqual(['B', 'A']);
    expect(statements.begun).toEqual([['a'], ['b', 'a']]);
  });

  it('do not wait for a statement that takes long', async () => {
    const statements = new Statements();
    const gathered = new Gathered(statements.read, poolOf(5));
    const slow = gathered.load('slow');
    await turn();
    const fast = gathered.load('fast');
    jest.advanceTimersByTime(25);
    await turn();
    expect(statements.begun).toEqual([['slow'], ['fast']]);
    statements.end();
    statements.end();
    expect(await Promise.all([slow, fast])).toEqual(['SLOW', 'FAST']);
  });

  it('fail together with their statement, and the next statement is not affected', async () => {
    const statements = new Statements();
    const gathered = new Gathered(statements.read, poolOf(5));
    const failing = Promise.allSettled([gathered.load('a'), gathered.load('b')]);
    await turn();
    statements.end(new Error('the database is gone'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = gathered.load('c');
    while (statements.begun.length < 2) await turn();
    statements.end();
    expect(await next).toBe('C');
  });

  it('refuses a key at once where as many callers wait as the pool allows', async () => {
    const statements = new Statements();
    const gathered = new Gathered(statements.read, poolOf(1, 1));
    const two = Promise.all([gathered.load('a'), gathered.load('b')]);
    await expect(gathered.load('c')).rejects.toMatchObject({ code: 'database.busy', retryAfter: 1 });
    await turn();
    statements.end();
    await two;
    const next = gathered.load('d');
    while (statements.begun.length < 2) await turn();
    statements.end();
    expect(await next).toBe('D');
  });
});
