import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Contract } from '../support/contract/contract.js';

/** `CONTRACT_SEED=7 CONTRACT_RUNS=1000` explores other and more requests of each operation. */
const { CONTRACT_SEED, CONTRACT_RUNS } = process.env;
const seed = Number(CONTRACT_SEED ?? 2);
const runs = Number(CONTRACT_RUNS ?? 50);

let contract: Contract;
beforeAll(async () => {
  contract = await Contract.open();
});
afterAll(() => contract.close());

it(
  `the API answers thousands of generated requests as its document declares, CONTRACT_SEED=${seed} CONTRACT_RUNS=${runs}`,
  async () => {
    expect(await contract.explore({ seed, runs })).toEqual([]);
  },
  30 * 60_000,
);
