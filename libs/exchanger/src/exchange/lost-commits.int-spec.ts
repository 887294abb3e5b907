import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DisconnectAccount } from '#accounts';
import { Flow } from '../../../../test/support/flow.js';
import { grantOf } from '../../../../test/support/flow-rows.js';
import { MemoryJournal } from '../../../../test/support/memory-journal.js';
import { API_DEADLINE, Vault } from '#tokens';
import { providerOf } from '#providers';
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

const engine = (): ExchangeEngine =>
  new ExchangeEngine({ ...flow.context(), holder: 'the exchanger of this host', journal });

const TABLES = ['grants', 'grant_tokens', 'exchange_intents'];

/** The rows of the exchanges, as a standby or a backup has them. */
async function backUp(): Promise<void> {
  for (const table of TABLES) {
    await flow.pool.query(`drop table if exists backup_${table}`);
    await flow.pool.query(`create table backup_${table} as select * from ${table}`);
  }
}

async function restore(): Promise<void> {
  const client = await flow.pool.connect();
  try {
    // Neither the trigger that guards versions nor foreign keys stop a restored backup.
    await client.query(`begin; set local session_replication_role = replica`);
    for (const table of TABLES.toReversed()) await client.query(`delete from ${table}`);
    for (const table of TABLES) await client.query(`insert into ${table} select * from backup_${table}`);
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function due(): Promise<{ id: string; grantId: string }> {
  const id = await flow.connect('x');
  await flow.knobs('x', { access_ttl_seconds: 7200 });
  await flow.pass(102);
  return { id, grantId: (await grantOf(flow, id)).id };
}

const refreshes = async (): Promise<number> => (await flow.calls('token', 'refresh_token')).length;

async function works(grantId: string): Promise<boolean> {
  const tokens = await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId });
  const request = providerOf('x').identity.request(tokens!.access, []);
  return (await flow.context().client.send(request, { environment: 'test', within: API_DEADLINE })).status === 200;
}

const accessOf = async (grantId: string): Promise<string> =>
  (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId }))!.access.reveal();

async function refreshTwice(grantId: string): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    expect(await engine().refresh(grantId, { forced: true })).toEqual({ kind: 'refreshed' });
    await flow.pass(102);
  }
}

describe('a database that has lost commits', () => {
  it('is brought forward from the journal when it is compared, and no token is sent for it', async () => {
    const { id, grantId } = await due();
    await backUp();
    const exchange = engine();
    expect(await exchange.refresh(grantId)).toEqual({ kind: 'refreshed' });
    await restore();
    expect(await grantOf(flow, id)).toMatchObject({ version: '1', sealedVersion: '1' });
    await exchange.restoreLostCommits();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2', sealedVersion: '2' });
    expect([await refreshes(), await works(grantId)]).toEqual([1, true]);
  });

  it('is brought forward over several versions, and by the next process', async () => {
    const { id, grantId } = await due();
    await backUp();
    for (let round = 0; round < 3; round += 1) {
      expect(await engine().refresh(grantId, { forced: true })).toEqual({ kind: 'refreshed' });
      await flow.pass(102);
    }
    await restore();
    await engine().restoreLostCommits();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '4', sealedVersion: '4' });
    expect([await refreshes(), await works(grantId)]).toEqual([3, true]);
    expect(await engine().refresh(grantId, { forced: true })).toEqual({ kind: 'refreshed' });
  });

  it('is brought forward before a grant of it is refreshed: the spent token is not sent again', async () => {
    const { id, grantId } = await due();
    await backUp();
    const exchange = engine();
    await exchange.refresh(grantId);
    await restore();
    await exchange.refresh(grantId);
    expect([await refreshes(), await works(grantId)]).toEqual([1, true]);
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2' });
  });

  it('takes the answer of an exchange that was in flight meanwhile by its version', async () => {
    const { id, grantId } = await due();
    await backUp();
    const exchange = engine();
    await exchange.refresh(grantId);
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', delay_ms: 400 });
    const running = exchange.refresh(grantId, { forced: true });
    while ((await refreshes()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await restore();
    await running;
    expect(await grantOf(flow, id)).toMatchObject({ version: '3', sealedVersion: '3' });
    expect(await works(grantId)).toBe(true);
  });

  it('is not changed where the person has connected again meanwhile', async () => {
    const { id, grantId } = await due();
    const exchange = engine();
    await exchange.refresh(grantId);
    await flow.connect('x');
    await exchange.restoreLostCommits();
    expect((await grantOf(flow, id)).version).toBe('3');
    expect(await works(grantId)).toBe(true);
  });

  it('keeps the tokens of a consent that follows the loss, whose version is one that was lost', async () => {
    const { id, grantId } = await due();
    await backUp();
    await refreshTwice(grantId);
    await restore();
    await flow.connect('x');
    const before = await accessOf(grantId);
    await engine().restoreLostCommits();
    expect(await grantOf(flow, id)).toMatchObject({ state: 'idle', version: '2', sealedVersion: '2' });
    expect(await accessOf(grantId)).toBe(before);
  });

  it('keeps the tokens of a consent that comes while the answer to a request from before the loss is awaited', async () => {
    const { grantId } = await due();
    await backUp();
    const exchange = engine();
    await refreshTwice(grantId);
    await flow.fault({ endpoint: 'token', delay_ms: 2_500 });
    const running = exchange.refresh(grantId, { forced: true });
    while ((await refreshes()) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await restore();
    await flow.connect('x');
    const before = await accessOf(grantId);
    await running;
    expect(await accessOf(grantId)).toBe(before);
  });

  it('keeps destroyed what is disconnected after the loss', async () => {
    const { id, grantId } = await due();
    await backUp();
    await refreshTwice(grantId);
    await restore();
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await engine().restoreLostCommits();
    await engine().refresh(grantId, { forced: true });
    expect(await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grantId })).toBeNull();
    expect((await grantOf(flow, id)).state).toBe('ended');
  });
});
