import { expect, it } from '@jest/globals';
import { explore } from './explore.js';
import { mutants } from './mutants.js';
import { productWiring } from './wiring.js';

it('the protocol core keeps every invariant over a hundred thousand random steps', () => {
  let steps = 0;
  const finding = explore(productWiring, { runs: 400, seed: 1 }, (world) => {
    steps += world.counts.get('steps') ?? 0;
  });
  expect(finding).toBeUndefined();
  expect(steps).toBeGreaterThanOrEqual(100_000);
}, 120_000);

it('the simulation detects a core that never releases an expired claim', () => {
  const [, change] = mutants.find(([what]) => what === 'never releases an expired claim')!;
  expect(explore({ ...productWiring, ...change }, { runs: 8_000, seed: 1, shrinks: false })?.error).toBeDefined();
}, 120_000);
