import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '#observability';
import { Flow } from '../../../../test/support/flow.js';
import { attemptsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
import { releaseExpiredClaims } from '#tokens';
import type { CrashPoint } from '../exchanger-context.js';
import { ExchangeEngine } from './exchange-engine.js';

let flow: Flow;
let journal: MemoryJournal;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  journal = new MemoryJournal();
});

class Crash extends Error {}
const HOLDER = 'the exchanger of this host';

/** An exchanger that ends at a point: it sends the database nothing further. */
function engine(endsAt?: CrashPoint): ExchangeEngine {
  let ended = false;
  const at = (point: CrashPoint): void => {
    if (point !== endsAt) return;
    ended = true;
    throw new Crash(point);
  };
  const pool = new Proxy(flow.pool, {
    get: (target, name) =>
      ended ? () => new Promise(() => undefined) : (Reflect.get(target, name) as () => unknown).bind(target),
  });
  return new ExchangeEngine({ ...flow.context(), pool, holder: HOLDER, journal, at });
}

async function recover({ isOwn = true } = {}): Promise<ExchangeEngine> {
  await pause(100);
  const next = engine();
  const { done } = await next.recover(journal.left, isOwn);
  await done;
  await next.drain();
  return next;
}

async function due(): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect('x');
  await flow.knobs('x', { access_ttl_seconds: 7200 });
  await flow.pass(102);
  return { id, grantId: (await grantOf(flow, id)).id };
}

async function crashed(point: CrashPoint): Promise<{ id: string; grantId: string }> {
  const grant = await due();
  await expect(engine(point).refresh(grant.grantId)).rejects.toThrow(Crash);
  return grant;
}

/** The database as a standby that never received the claim: a failover. */
async function loseClaim(grantId: string): Promise<void> {
  await flow.pool.query('delete from exchange_intents where grant_id = $1', [grantId]);
  await flow.pool.query(
    `update grants set refresh_state = 'idle', claim_holder = null, claim_until = null, claim_epoch = claim_epoch - 1
     where id = $1`,
    [grantId],
  );
}

const refreshes = async (): Promise<number> => (await flow.calls('token', 'refresh_token')).length;
const healthOf = async (id: string): Promise<unknown> => (await flow.account(id)).healthReason;

describe('an exchange that the database has noted as dispatched and the journal does not hold', () => {
  it('is unknown, because a lost or restored journal does not show whether it was sent', async () => {
    const { id } = await crashed('W3');
    journal = new MemoryJournal();
    await recover();
    expect(await refreshes()).toBe(2);
    expect(await healthOf(id)).toBe('refresh_outcome_unknown');
  });

  it('is released where the dispatch was not noted either: nothing was sent', async () => {
    const { id, grantId } = await crashed('W2');
    const next = await recover();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '1' });
    expect(await next.refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await healthOf(id)).toBeNull();
  });
});

describe('an exchange whose claim the database has lost', () => {
  it('is stored by its version alone where the journal holds the answer', async () => {
    const { id, grantId } = await crashed('W5');
    await loseClaim(grantId);
    await recover();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2', sealedVersion: '2' });
    expect([await refreshes(), journal.left]).toEqual([1, []]);
    expect(await flow.one('select state from exchange_intents where grant_id = $1', [grantId])).toEqual({
      state: 'committed',
    });
  });

  it('counts the lifetime of the stored token from the request', async () => {
    const { id, grantId } = await crashed('W5');
    await loseClaim(grantId);
    await flow.pass(3_600);
    await recover();
    const { expiresAt } = await grantOf(flow, id);
    const left = await flow.one<{ left: number }>('select extract(epoch from $1 - db_now())::float8 as left', [
      expiresAt,
    ]);
    expect(left.left).toBeLessThan(3_700);
  });

  it('is unknown where the journal holds the dispatch alone', async () => {
    const { id, grantId } = await crashed('W3');
    await loseClaim(grantId);
    await recover();
    expect(await refreshes()).toBe(2);
    expect(await healthOf(id)).toBe('refresh_outcome_unknown');
  });

  it('seals a token set into its attempt', async () => {
    const { authorizeUrl } = await flow.start('x');
    const code = new Secret((await flow.decide(authorizeUrl)).searchParams.get('code')!);
    const { id } = (await attemptsOf(flow)).find(({ status }) => status === 'pending')!;
    await flow.pool.query('update connect_attempts set spent_at = db_now() where id = $1', [id]);
    await expect(engine('W5').exchangeCode(id, code)).rejects.toThrow(Crash);
    await flow.pool.query('delete from exchange_intents where attempt_id = $1', [id]);
    const next = await recover();
    expect(await next.exchangeCode(id, code)).toEqual({ kind: 'exchanged' });
    expect([(await flow.calls('token', 'authorization_code')).length, journal.left]).toEqual([1, []]);
  });
});

describe('an exchanger on a copy of a journal', () => {
  it('sends no token of which the owner of the original may still receive the answer, until the claim has ended', async () => {
    const { id, grantId } = await crashed('W3');
    const next = await recover({ isOwn: false });
    await next.retryUnknown();
    await next.drain();
    expect(await next.refresh(grantId, { forced: true })).toMatchObject({ kind: 'unavailable' });
    expect([await refreshes(), journal.left]).toEqual([1, []]);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'in_flight' });
    await flow.pass(151);
    await releaseExpiredClaims(flow.pool);
    await flow.pass(21);
    await releaseExpiredClaims(flow.pool);
    await next.retryUnknown();
    await next.drain();
    expect(await refreshes()).toBe(2);
    expect(await healthOf(id)).toBe('refresh_outcome_unknown');
  });

  it('holds the grant of a journaled dispatch whose claim the database has lost', async () => {
    const { id, grantId } = await crashed('W3');
    await loseClaim(grantId);
    await recover({ isOwn: false });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'in_flight' });
    expect(await refreshes()).toBe(1);
  });

  it('stores a journaled answer, which is safe if the owner of the original stores it as well', async () => {
    const { id } = await crashed('W5');
    await recover({ isOwn: false });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
  });
});
