import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DueProbes } from '#accounts';
import { newId, transaction } from '#persistence/sql';
import { Flow } from '../../../../test/support/flow.js';
import { grantOf } from '../../../../test/support/flow-rows.js';
import { type Claim, claimGrant, releaseClaim } from '#tokens/store';
import { storeStrike } from './store-failure.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const REFUSAL = { class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' } as const;
const claim = async (id: string): Promise<Claim> =>
  (await claimGrant(flow.pool, (await grantOf(flow, id)).id, { holder: newId(), forced: true }))!;
const faultsLeft = async (): Promise<number> =>
  ((await flow.sandbox.control('GET', '/faults')).body as unknown[]).length;
/** The result of an exchange, as it is stored. */
const strike = (claimed: Claim) =>
  storeStrike(flow.context(), claimed, { failure: REFUSAL, apiCheck: 'refuses', canaryOkAt: null, refusedSince: null });

describe('a late result', () => {
  it('proves nothing about a grant that was connected again meanwhile, and leaves the next claim alone', async () => {
    const id = await flow.connect('x');
    const late = await claim(id);
    expect(await flow.connect('x')).toBe(id);
    const next = await claim(id);
    await strike(late);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await flow.one('select state from exchange_intents where id = $1', [late.intentId])).toEqual({
      state: 'answered',
    });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'claimed', strikes: 0, version: '2' });
    await strike(next);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'confirm', strikes: 1 });
  });

  it('proves nothing where another claim of the same tokens was taken and given back', async () => {
    const id = await flow.connect('x');
    const late = await claim(id);
    await transaction(flow.pool, (tx) => releaseClaim(tx, late));
    const next = await claim(id);
    await transaction(flow.pool, (tx) => releaseClaim(tx, next));
    await strike(late);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', strikes: 0, version: '1' });
  });
});

describe('a probe that is answered late', () => {
  it('proves nothing about an account that was connected again meanwhile', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    await flow.pool.query(`update grants set mode = 'none', access_expires_at = null where id = $1`, [grantId]);
    await flow.pool.query(
      `update accounts set probe_class = 'suspected', probe_struck_at = db_now() - interval '2 minutes' where id = $1`,
      [id],
    );
    await flow.fault({ endpoint: 'identity', status: 401, delay_ms: 1_500 });
    const probe = flow.get(DueProbes).probe(id);
    while ((await faultsLeft()) > 0) await setTimeout(10);
    expect(await flow.connect('x')).toBe(id);
    expect(await probe).toBe('probed');
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });
});
