import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow, REFUSED } from '../../../../test/support/flow.js';
import { grantOf } from '../../../../test/support/flow-rows.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
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
afterEach(() => takeEveryPair());

const HOLDER = 'the exchanger of this host';
class Crash extends Error {}

function engine(at?: () => void): ExchangeEngine {
  return new ExchangeEngine({ ...flow.context(), holder: HOLDER, journal, ...(at && { at }) });
}

/** Ends with the answer in the journal; the database receives nothing further. */
function endingAtW5(): ExchangeEngine {
  let ended = false;
  const pool = new Proxy(flow.pool, {
    get: (target, name) =>
      ended ? () => new Promise(() => undefined) : (Reflect.get(target, name) as () => unknown).bind(target),
  });
  const at = (point: string): void => {
    if (point !== 'W5') return;
    ended = true;
    throw new Crash();
  };
  return new ExchangeEngine({ ...flow.context(), pool, holder: HOLDER, journal, at });
}

async function due(persona = 'happy'): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect('x', persona);
  await flow.knobs('x', { access_ttl_seconds: 7200 });
  await flow.pass(102);
  return { id, grantId: (await grantOf(flow, id)).id };
}

/** The database refuses the pair of a grant as it refuses text with a NUL: 22021. */
async function refusePairOf(grantId: string): Promise<void> {
  await flow.pool.query(`
    create or replace function refuse_pair() returns trigger language plpgsql as $$ begin
      if new.grant_id = '${grantId}' then raise exception 'invalid byte sequence' using errcode = '22021'; end if;
      return new;
    end $$;
    create or replace trigger refuse_pair before insert or update on grant_tokens for each row execute function refuse_pair()`);
}
const takeEveryPair = (): Promise<unknown> => flow.pool.query('drop trigger if exists refuse_pair on grant_tokens');

const refreshes = async () => (await flow.calls('token', 'refresh_token')).length;

describe('an answer that the database refuses for good', () => {
  it('is set aside, sent no second time, and stored by the next start that can store it', async () => {
    const { id, grantId } = await due();
    await refusePairOf(grantId);
    const first = engine();
    expect(await first.refresh(grantId)).toEqual({ kind: 'unavailable', retryAfter: 3_600 });
    expect(journal.aside(grantId)).toBeDefined();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'unknown', version: '1' });
    expect(await flow.account(id)).toMatchObject({ health: 'degraded', healthReason: 'refresh_outcome_unknown' });
    await flow.pass(3_601);
    expect(await first.refresh(grantId, { forced: true })).toEqual({ kind: 'unavailable', retryAfter: 3_600 });
    expect(await refreshes()).toBe(1);
    await takeEveryPair();
    await (
      await engine().recover(journal.left)
    ).done;
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    expect([journal.left, await refreshes()]).toEqual([[], 1]);
  });

  it('stops no other answer at the next start', async () => {
    const [refused, sound] = [await due(), await due('omar')];
    for (const { grantId } of [refused, sound])
      await expect(endingAtW5().refresh(grantId, { forced: true })).rejects.toThrow(Crash);
    await refusePairOf(refused.grantId);
    await (
      await engine().recover(journal.left)
    ).done;
    expect(await grantOf(flow, sound.id)).toMatchObject({ state: 'idle', version: '2' });
    expect(journal.left.map(({ intent }) => intent.subjectId)).toEqual([refused.grantId]);
  });

  it('is kept in memory for the caller alone where the disk fails as well, and the exchange ends', async () => {
    const { id, grantId } = await due();
    await refusePairOf(grantId);
    journal.failing = 'answered';
    expect(await engine().refresh(grantId)).toMatchObject({ kind: 'unavailable' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'unknown' });
  });
});

describe('a start', () => {
  it('calls no platform about a journaled refusal: the next refresh meets it again', async () => {
    const { id, grantId } = await due();
    await flow.fault({ endpoint: 'token', times: 2, ...REFUSED });
    await expect(endingAtW5().refresh(grantId)).rejects.toThrow(Crash);
    const sent = async (): Promise<number> =>
      (await flow.calls('token')).length + (await flow.calls('identity')).length;
    const before = await sent();
    const next = engine();
    await (
      await next.recover(journal.left)
    ).done;
    expect(await sent()).toBe(before);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', strikes: 0 });
    expect(await next.refresh(grantId)).toEqual({ kind: 'refused' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'confirm', strikes: 1 });
  });

  it('lets a refresh of the same grant wait until its journaled answer is stored', async () => {
    const { id, grantId } = await due();
    await expect(endingAtW5().refresh(grantId)).rejects.toThrow(Crash);
    const next = engine();
    await next.recover(journal.left);
    expect(await next.refresh(grantId)).toEqual({ kind: 'nothing_to_do' });
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
    expect(await refreshes()).toBe(1);
  });
});
