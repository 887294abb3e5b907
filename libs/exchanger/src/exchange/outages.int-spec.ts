import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pRetry from 'p-retry';
import { DisconnectAccount } from '#accounts';
import { SealBroken } from '#crypto';
import { Secret } from '#observability';
import { Flow } from '../../../../test/support/flow.js';
import { attemptsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { instead } from '../../../../test/support/instead.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
import type { CrashPoint, ExchangerContext } from '../exchanger-context.js';
import { ExchangeEngine } from './exchange-engine.js';

let flow: Flow;
let journal: MemoryJournal;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  await flow.app('facebook');
  journal = new MemoryJournal();
});

const engine = (over: Partial<ExchangerContext> = {}): ExchangeEngine =>
  new ExchangeEngine({ ...flow.context(), holder: 'the exchanger of this host', journal, ...over });
const endsAtW5 = (point: CrashPoint): void => {
  if (point === 'W5') throw new Error('ends');
};
const soon = (holds: () => Promise<void>) => pRetry(holds, { retries: 100, factor: 1, minTimeout: 50 });
const exchanges = async () => (await flow.calls('token', 'authorization_code')).length;

async function spent(provider: string): Promise<{ attemptId: string; code: Secret }> {
  const { authorizeUrl } = await flow.start(provider);
  const code = (await flow.decide(authorizeUrl)).searchParams.get('code')!;
  const attempt = (await attemptsOf(flow)).find(({ status }) => status === 'pending')!;
  await flow.pool.query('update connect_attempts set spent_at = db_now() where id = $1', [attempt.id]);
  return { attemptId: attempt.id, code: new Secret(code) };
}

/** The vault, whose database is unavailable at those calls of one method: 1 is the first. */
function vaultAway(method: 'openClientSecret' | 'openVerifier', ...at: number[]): ExchangerContext['vault'] {
  const { vault } = flow.context();
  let calls = 0;
  return instead(vault, method, (...args: never[]) => {
    calls += 1;
    if (at.includes(calls)) return Promise.reject(new Error('Connection terminated unexpectedly'));
    const call: (...all: never[]) => unknown = vault[method].bind(vault);
    return call(...args);
  });
}

describe('an unavailable database after the first of two answers to a code', () => {
  it('does not end the exchange: the answer of the platform is stored when the database is back', async () => {
    const { attemptId, code } = await spent('facebook');
    const exchange = engine({ vault: vaultAway('openClientSecret', 2) });
    expect(await exchange.exchangeCode(attemptId, code)).toEqual({ kind: 'exchanged' });
    expect(journal.left).toEqual([]);
  });

  it('while a former answer is made good, is waited for', async () => {
    const { attemptId, code } = await spent('facebook');
    await expect(engine({ at: endsAtW5 }).exchangeCode(attemptId, code)).rejects.toThrow('ends');
    const next = engine({ vault: vaultAway('openClientSecret', 1) });
    await (
      await next.recover(journal.left)
    ).done;
    expect(await next.exchangeCode(attemptId, code)).toEqual({ kind: 'exchanged' });
    expect(journal.left).toEqual([]);
  });
});

describe('an unavailable database before a code is sent', () => {
  it('does not prevent a new exchange: the code is sent at the next request', async () => {
    const { attemptId, code } = await spent('x');
    const exchange = engine({ vault: vaultAway('openVerifier', 1) });
    await expect(exchange.exchangeCode(attemptId, code)).rejects.toThrow('terminated');
    await soon(async () => {
      expect(await flow.one('select state from exchange_intents where attempt_id = $1', [attemptId])).toEqual({
        state: 'released',
      });
    });
    expect(await exchange.exchangeCode(attemptId, code)).toEqual({ kind: 'exchanged' });
    expect(await exchanges()).toBe(1);
  });
});

describe('an app whose secret does not open when a former answer is made good', () => {
  it('costs nothing once it does: the journal keeps the answer', async () => {
    const { attemptId, code } = await spent('facebook');
    await expect(engine({ at: endsAtW5 }).exchangeCode(attemptId, code)).rejects.toThrow('ends');
    const broken = instead(flow.context().vault, 'openClientSecret', () => Promise.reject(new SealBroken()));
    await (
      await engine({ vault: broken }).recover(journal.left)
    ).done;
    expect(journal.left).toHaveLength(1);
    await (
      await engine().recover(journal.left)
    ).done;
    expect(await engine().exchangeCode(attemptId, code)).toEqual({ kind: 'exchanged' });
  });
});

/** An exchanger whose database goes away when a late token set is stored, before it is revoked; `sent` resolves when its request left. */
function awayAfterCommit(): { exchange: ExchangeEngine; sent: Promise<void> } {
  let away = false;
  const connect = () => (away ? Promise.reject(new Error('Connection terminated unexpectedly')) : flow.pool.connect());
  let leaves = (): void => undefined;
  const sent = new Promise<void>((resolve) => {
    leaves = resolve;
  });
  const at = (point: CrashPoint): void => {
    if (point === 'W3') leaves();
    away ||= point === 'W6';
  };
  return { exchange: engine({ pool: instead(flow.pool, 'connect', connect), at }), sent };
}

describe('a revocation that fails for our own sake', () => {
  const slow = () => flow.fault({ endpoint: 'token', delay_ms: 1_500 });

  it('changes nothing of what became of a refresh whose account was disconnected meanwhile', async () => {
    const id = await flow.connect('x');
    await flow.pass(102);
    await slow();
    const { exchange, sent } = awayAfterCommit();
    const running = exchange.refresh((await grantOf(flow, id)).id);
    await sent;
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    expect(await running).toEqual({ kind: 'nothing_to_do' });
    expect(journal.left).toEqual([]);
  });

  it('changes nothing of what became of a code whose attempt was given up meanwhile', async () => {
    const { attemptId, code } = await spent('x');
    const { exchange, sent } = awayAfterCommit();
    await slow();
    const running = exchange.exchangeCode(attemptId, code);
    await sent;
    await flow.pool.query(
      `update connect_attempts set status = 'failed', error = 'state_expired', finished_at = db_now() where id = $1`,
      [attemptId],
    );
    expect(await running).toEqual({ kind: 'lost' });
    expect(journal.left).toEqual([]);
  });
});

describe('an app that is deleted while an answer waits in the journal', () => {
  it('does not keep the pair from being stored', async () => {
    const id = await flow.connect('x');
    await flow.pass(102);
    const { id: grantId } = await grantOf(flow, id);
    await expect(engine({ at: endsAtW5 }).refresh(grantId)).rejects.toThrow('ends');
    await flow.pool.query(`delete from oauth_apps where id = (select oauth_app_id from grants where id = $1)`, [
      grantId,
    ]);
    await (
      await engine().recover(journal.left)
    ).done;
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2', sealedVersion: '2' });
    expect(journal.left).toEqual([]);
  });
});

describe('a grant whose tokens do not open', () => {
  const intents = (grantId: string) => flow.many('select state from exchange_intents where grant_id = $1', [grantId]);

  it('is released to wait, and its accounts are degraded with seal_broken at once', async () => {
    const id = await flow.connect('x');
    await flow.pass(102);
    const { id: grantId } = await grantOf(flow, id);
    await flow.pool.query(`update grant_tokens set sealed_access = '\\x00' where grant_id = $1`, [grantId]);
    const broken = { kind: 'unavailable', isSealBroken: true, retryAfter: expect.any(Number) };
    expect(await engine().refresh(grantId)).toEqual(broken);
    await soon(async () => {
      expect(await grantOf(flow, id)).toMatchObject({ state: 'backoff', attempt: 1, strikes: 0 });
    });
    expect(await engine().refresh(grantId)).toEqual({ kind: 'nothing_to_do' });
    expect(await intents(grantId)).toEqual([{ state: 'released' }]);
    expect(await flow.account(id)).toMatchObject({ health: 'degraded', healthReason: 'seal_broken' });
    await flow.pass((await grantOf(flow, id)).dueIn + 1);
    expect(await engine().refresh(grantId)).toEqual(broken);
    expect(await intents(grantId)).toEqual([{ state: 'released' }, { state: 'released' }]);
  });
});
