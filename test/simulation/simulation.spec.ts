import { expect, it } from '@jest/globals';
import { explore } from './explore.js';
import { mutants } from './mutants.js';
import { real } from './wiring.js';

it('the core keeps every invariant over a hundred thousand steps, whatever happens in whatever order', () => {
  let steps = 0;
  const finding = explore(real, { runs: 400, seed: 1 }, (world) => {
    steps += world.seen.get('steps') ?? 0;
  });
  expect(finding).toBeUndefined();
  expect(steps).toBeGreaterThanOrEqual(100_000);
}, 120_000);

it('the simulation shows a core that never takes a claim over to be broken', () => {
  const [, change] = mutants.find(([what]) => what === 'never takes a claim over')!;
  expect(explore({ ...real, ...change }, { runs: 8_000, seed: 1, shrinks: false })?.error).toBeDefined();
}, 120_000);
