import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { DisconnectAccount, FinishAttempt } from '#accounts';
import { Secret } from '#observability';
import { providerOf } from '#providers';
import { Flow } from '../../../../test/support/flow.js';
import { attemptsOf, eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { instead } from '../../../../test/support/instead.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { API_DEADLINE, releaseExpiredClaims, Vault } from '#tokens';
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

/** An exchanger that ends at a point: it carries out nothing further, and sends the database nothing. */
function engine(endsAt?: CrashPoint, onEnd?: () => void): ExchangeEngine {
  let ended = false;
  const at = (point: CrashPoint): void => {
    if (point !== endsAt) return;
    ended = true;
    onEnd?.();
    throw new Crash(point);
  };
  // The pool finishes a running query of the ended exchanger itself, and gets its connection back.
  const pool = new Proxy(flow.pool, {
    get: (target, name) =>
      ended ? () => new Promise(() => undefined) : (Reflect.get(target, name) as () => unknown).bind(target),
  });
  return new ExchangeEngine({ ...flow.context(), pool, holder: HOLDER, journal, at });
}

/** The next exchanger of the host, once it has done what the former one left. */
async function comesBack(): Promise<ExchangeEngine> {
  const next = engine();
  await pause(150);
  const { done } = await next.recover(journal.left);
  await done;
  await next.revokeDue();
  await next.drain();
  return next;
}

async function due(provider = 'x'): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect(provider);
  await flow.knobs(provider, { access_ttl_seconds: 7200 });
  await flow.pass(5_000);
  await flow.pool.query('update grants set refresh_due_at = db_now()');
  return { id, grantId: (await grantOf(flow, id)).id };
}

const refreshes = async () => (await flow.calls('token', 'refresh_token')).length;
const refreshedEvents = async (id: string) =>
  (await eventsOf(flow, id)).filter(({ type }) => type === 'account.refreshed').length;
async function works(grantId: string): Promise<boolean> {
  const tokens = await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId });
  const request = providerOf('x').identity.request(tokens!.access, []);
  return (await flow.context().client.send(request, { environment: 'test', within: API_DEADLINE })).status === 200;
}
const crash = (point: CrashPoint, grantId: string) => expect(engine(point).refresh(grantId)).rejects.toThrow(Crash);

describe('an exchanger that ends', () => {
  it.each<CrashPoint>(['W1', 'W2'])(
    'an exchanger that ends at %s has sent nothing: its claim is released at once, and the next refresh sends',
    async (point) => {
      const { id, grantId } = await due();
      await crash(point, grantId);
      const next = await comesBack();
      expect(await refreshes()).toBe(0);
      expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '1' });
      expect(await next.refresh(grantId)).toEqual({ kind: 'refreshed' });
      expect(await works(grantId)).toBe(true);
    },
  );

  it.each<CrashPoint>(['W5', 'W6', 'W7'])(
    'an exchanger that ends at %s has its answer on disk: it is stored, requested and reported once',
    async (point) => {
      const { id, grantId } = await due();
      await crash(point, grantId);
      await comesBack();
      expect(await refreshes()).toBe(1);
      expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2', sealedVersion: '2' });
      expect(await refreshedEvents(id)).toBe(1);
      expect(await works(grantId)).toBe(true);
      expect(journal.left).toEqual([]);
    },
  );

  it.each<CrashPoint>(['W3', 'W4'])(
    'an exchanger that ends at %s on a platform that rotates strictly loses the pair, which is reported within a minute',
    async (point) => {
      const { id, grantId } = await due();
      await crash(point, grantId);
      await comesBack();
      expect(await refreshes()).toBe(2);
      expect(await flow.account(id)).toMatchObject({ health: 'degraded', healthReason: 'refresh_outcome_unknown' });
      expect(journal.left).toEqual([]);
    },
  );

  it('an exchanger that ends at W3 loses nothing where the request did not arrive: it is sent again before any other work', async () => {
    const { id, grantId } = await due();
    await flow.fault({ endpoint: 'token', drop: 'before' });
    await crash('W3', grantId);
    await comesBack();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    expect(await works(grantId)).toBe(true);
  });

  it('twice, the second time while it makes good the first, still stores the answer', async () => {
    const { id, grantId } = await due();
    await crash('W5', grantId);
    await new Promise<void>((ended) => void engine('W6', ended).recover(journal.left));
    await comesBack();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    expect(await refreshedEvents(id)).toBe(1);
    expect(await works(grantId)).toBe(true);
  });

  it('an exchanger that ends twice, the second time before it repeated an unknown request, repeats it at once when it is back', async () => {
    const { id, grantId } = await due();
    await flow.fault({ endpoint: 'token', drop: 'before' });
    await crash('W3', grantId);
    await new Promise<void>((ended) => void engine('W1', ended).recover(journal.left));
    await comesBack();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    expect(await works(grantId)).toBe(true);
  });

  it('an exchanger with an answer on disk and a person who reconnects before it is back keeps the new pair, and the late one beside it', async () => {
    const { id, grantId } = await due();
    await crash('W5', grantId);
    expect(await flow.connect('x')).toBe(id);
    await comesBack();
    expect(await works(grantId)).toBe(true);
    expect(await flow.many('select intent_id from token_orphans')).toHaveLength(1);
    await flow.pool.query('delete from token_orphans');
  });

  it('an exchanger with an answer on disk and an account that is disconnected before it is back has the late pair revoked', async () => {
    const { id, grantId } = await due();
    await crash('W5', grantId);
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await pause(200);
    const before = (await flow.calls('revoke')).length;
    await comesBack();
    expect(await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId })).toBeNull();
    expect((await flow.calls('revoke')).length).toBe(before + 1);
  });

  it('an exchanger that finds a row that does not open settles all others, and that one when it opens again', async () => {
    const [broken, sound] = [await due('x'), await due('tiktok')];
    for (const { grantId } of [broken, sound]) await crash('W5', grantId);
    const swap = (): Promise<unknown> =>
      flow.pool.query(
        'update grant_tokens set sealed_access = sealed_refresh, sealed_refresh = sealed_access where grant_id = $1',
        [broken.grantId],
      );
    await swap();
    await comesBack();
    expect(await grantOf(flow, sound.id)).toMatchObject({ state: 'idle', version: '2' });
    expect(journal.left).toHaveLength(1);
    await swap();
    await comesBack();
    expect(await grantOf(flow, broken.id)).toMatchObject({ state: 'idle', version: '2' });
    expect(journal.left).toEqual([]);
  });

  it('keeps its claims from others until it is back; others take over if it does not return', async () => {
    const { id, grantId } = await due();
    await crash('W5', grantId);
    await releaseExpiredClaims(flow.pool);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'in_flight' });
    await flow.pass(151);
    await releaseExpiredClaims(flow.pool);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'in_flight' });
    await flow.pass(21);
    await releaseExpiredClaims(flow.pool);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'unknown' });
    await comesBack();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
  });

  it('an answer that is stored late counts its lifetime from the dispatch', async () => {
    const { id, grantId } = await due();
    await crash('W5', grantId);
    await flow.pass(60);
    await comesBack();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    const { life } = await flow.one<{ life: number }>(
      `select extract(epoch from access_expires_at - dispatched_at)::float8 as life
       from grants join exchange_intents on grant_id = grants.id where grants.id = $1 and state = 'committed'`,
      [grantId],
    );
    expect(life).toBeCloseTo(7_200, 1);
  });

  it('an exchanger that returns after another host has sent its token again holds an invalid pair, which is not reported as a revocation', async () => {
    const { id, grantId } = await due();
    await crash('W5', grantId);
    for (const wait of [151, 21]) {
      await flow.pass(wait);
      await releaseExpiredClaims(flow.pool);
    }
    expect(await flow.exchange().refresh(grantId)).toEqual({ kind: 'refused' });
    const next = await comesBack();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    await flow.pass(61);
    expect(await next.refresh(grantId, { forced: true })).toEqual({ kind: 'refused' });
    expect(await flow.account(id)).toMatchObject({ health: 'degraded', healthReason: 'refresh_outcome_unknown' });
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    expect(await next.refresh(grantId)).toEqual({ kind: 'refused' });
    expect(await flow.account(id)).toMatchObject({ health: 'needs_reauth', healthReason: 'refresh_outcome_unknown' });
  });
});

describe('a database that goes away', () => {
  it('as it takes a claim, and stores it all the same, costs no time: the claim is given back', async () => {
    const { id, grantId } = await due();
    const pool = instead(flow.pool, 'connect', async () => {
      const client = await flow.pool.connect();
      return instead(client, 'query', async (sql: string, values?: unknown[]) => {
        const answer = await client.query(sql, values);
        if (sql.includes('taken as')) throw new Error('Connection terminated unexpectedly');
        return answer;
      });
    });
    const holder = new ExchangeEngine({ ...flow.context(), pool, holder: HOLDER, journal });
    await expect(holder.refresh(grantId)).rejects.toThrow('terminated');
    // The claim is released beside the call; a busy machine takes its time.
    for (let rounds = 0; (await grantOf(flow, id)).state === 'claimed' && rounds < 100; rounds += 1) await pause(50);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '1' });
    expect(await engine().refresh(grantId)).toEqual({ kind: 'refreshed' });
  });
});

describe('the code of an attempt', () => {
  async function spent(): Promise<{ attemptId: string; code: Secret }> {
    const { authorizeUrl } = await flow.start('x');
    const code = (await flow.decide(authorizeUrl)).searchParams.get('code')!;
    const attempt = (await attemptsOf(flow)).find(({ status }) => status === 'pending')!;
    await flow.pool.query('update connect_attempts set spent_at = db_now() where id = $1', [attempt.id]);
    return { attemptId: attempt.id, code: new Secret(code) };
  }
  const exchanges = async () => (await flow.calls('token', 'authorization_code')).length;

  it.each<CrashPoint>(['W5', 'W6', 'W7'])(
    'a code whose exchanger ends at %s still becomes an account',
    async (point) => {
      const { attemptId, code } = await spent();
      await expect(engine(point).exchangeCode(attemptId, code)).rejects.toThrow(Crash);
      const next = await comesBack();
      expect(await next.exchangeCode(attemptId, code)).toEqual({ kind: 'exchanged' });
      expect(await flow.get(FinishAttempt).execute(attemptId)).toMatchObject({ kind: 'completed' });
      expect(await exchanges()).toBe(1);
    },
  );

  it.each<CrashPoint>(['W3', 'W4'])(
    'a code whose exchanger ends at %s is lost, and never sent again',
    async (point) => {
      const { attemptId, code } = await spent();
      await expect(engine(point).exchangeCode(attemptId, code)).rejects.toThrow(Crash);
      const next = await comesBack();
      expect(await next.exchangeCode(attemptId, code)).toEqual({ kind: 'lost' });
      expect(await exchanges()).toBe(1);
    },
  );

  it.each<CrashPoint>(['W1', 'W2'])(
    'a code whose exchanger ends at %s was not sent: the caller repeats it and it is',
    async (point) => {
      const { attemptId, code } = await spent();
      await expect(engine(point).exchangeCode(attemptId, code)).rejects.toThrow(Crash);
      const next = await comesBack();
      expect(await next.exchangeCode(attemptId, code)).toEqual({ kind: 'exchanged' });
      expect(await exchanges()).toBe(1);
    },
  );

  it('is exchanged once, however many requests arrive at the same time', async () => {
    const { attemptId, code } = await spent();
    const one = engine();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => one.exchangeCode(attemptId, code)));
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => ({ kind: 'exchanged' })));
    expect(await exchanges()).toBe(1);
  });
});

describe('a disk that fails', () => {
  it('a disk that fails before the request is recorded lets nothing be sent, and changes no health', async () => {
    const { id, grantId } = await due();
    journal.failing = 'dispatched';
    expect(await engine().refresh(grantId)).toMatchObject({ kind: 'unavailable' });
    expect(await refreshes()).toBe(0);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', attempt: 0 });
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it('after the answer came does not keep it from being stored', async () => {
    const { id, grantId } = await due();
    journal.failing = 'answered';
    expect(await engine().refresh(grantId)).toEqual({ kind: 'refreshed' });
    expect(await grantOf(flow, id)).toMatchObject({ version: '2' });
    expect(journal.left).toEqual([]);
  });

  it('a full disk lets no exchange begin', async () => {
    const { id, grantId } = await due();
    journal.hasSpace = false;
    expect(await engine().refresh(grantId)).toMatchObject({ kind: 'unavailable' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle' });
  });
});
