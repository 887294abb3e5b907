import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineJob } from '#jobs';
import { type FoundHandler, mapHandlers } from './handler-map.js';

const greet = defineJob({ name: 'test.greet', payload: z.object({}), attempts: 1 });
const wave = defineJob({ name: 'test.wave', payload: z.object({}), attempts: 1 });
const handler = (className: string, contract: typeof greet): FoundHandler => ({
  className,
  contract,
  handler: { execute: () => Promise.resolve() },
});

describe('the handlers of the worker', () => {
  it('each job has one handler', () => {
    const handlers = mapHandlers([greet, wave], [handler('Wave', wave), handler('Greet', greet)]);
    expect([...handlers].map(([job, found]) => [job, found.className])).toEqual([
      ['test.wave', 'Wave'],
      ['test.greet', 'Greet'],
    ]);
  });

  it('refuses a job without a handler, and names the place for a new handler', () => {
    expect(() => mapHandlers([greet, wave], [handler('Greet', greet)])).toThrow(
      /test\.wave has no handler: .*@Handles.*worker\.module\.ts/,
    );
  });

  it('refuses a job with two handlers, by name', () => {
    const found = [handler('Greet', greet), handler('GreetTwice', greet)];
    expect(() => mapHandlers([greet], found)).toThrow('test.greet has 2 handlers: Greet, GreetTwice.');
  });

  it('refuses a handler of an unknown job', () => {
    expect(() => mapHandlers([], [handler('Wave', wave)])).toThrow(
      'Wave handles test.wave, which is none of the known jobs',
    );
  });

  it('reports all problems in one error', () => {
    expect(() => mapHandlers([greet], [handler('Wave', wave)])).toThrow(
      /test\.greet has no handler.*\n.*Wave handles test\.wave/,
    );
  });
});
