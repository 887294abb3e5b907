import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
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
const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id);
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

describe('a process that was suspended between the dispatch record and the request', () => {
  it('sends nothing, although the monotonic clock stood still meanwhile as in a suspended virtual machine', async () => {
    const id = await flow.connect('x');
    await flow.pass(102);
    const context = flow.context();
    const { journal } = context;
    const dispatched = jest.spyOn(journal, 'dispatched').mockImplementation(async (intent) => {
      dispatched.mockRestore();
      await journal.dispatched(intent);
      const wall = Date.now;
      jest.spyOn(Date, 'now').mockImplementation(() => wall() + 60_000);
    });
    const before = (await flow.calls('token')).length;
    try {
      expect(await refresh(id)).toMatchObject({ kind: 'unavailable' });
    } finally {
      jest.restoreAllMocks();
    }
    expect(await flow.calls('token')).toHaveLength(before);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
  });
});

describe('a row of tokens that was rolled back by hand, without its grant', () => {
  it('does not open: its refresh token is not sent again', async () => {
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, id);
    const row = await flow.one<Record<string, unknown>>('select * from grant_tokens where grant_id = $1', [grantId]);
    await flow.pass(102);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    await flow.pool.query('delete from grant_tokens where grant_id = $1', [grantId]);
    const parameters = Object.keys(row).map((_, index) => `$${index + 1}`);
    await flow.pool.query(
      `insert into grant_tokens (${Object.keys(row).join(', ')}) values (${parameters.join(', ')})`,
      Object.values(row),
    );
    await flow.pass(102);
    const before = (await flow.calls('token')).length;
    expect(await refresh(id)).toMatchObject({ kind: 'unavailable', isSealBroken: true });
    expect(await flow.calls('token')).toHaveLength(before);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'seal_broken']);
  });
});
