import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import type { Pool } from 'pg';
import { probeAccount, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { DueProbes } from './due-probes.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

/** Longer than a job waits for a place, and shorter than a probe waits for its platform. */
const HANGS_FOR_MS = 4_000;
const PER_PLATFORM = 2;

it('A platform that hangs holds its own places only: its further probes are due again soon, and another platform is probed at once.', async () => {
  await flow.begin();
  const hanging: string[] = [];
  for (const persona of ['happy', 'paula', 'omar']) hanging.push(await flow.connect('tiktok', persona));
  await flow.app('linkedin', { isDefault: true });
  const other = await flow.connect('linkedin');
  await flow.fault({ provider: 'tiktok', endpoint: 'identity', times: 2, delay_ms: HANGS_FOR_MS });
  const dueProbes = flow.get(DueProbes);
  const probe = (id: string): Promise<string> => dueProbes.probeClaimed(id, { perPlatform: PER_PLATFORM });

  await flow.pool.query('update accounts set probe_due_at = db_now() where workspace_id = $1', [
    flow.tenant.workspaceId,
  ]);
  expect(await dueProbes.claim(10)).toHaveLength(4);
  const settled: { id: string; outcome: string }[] = [];
  const probes = hanging.map(async (id) => {
    settled.push({ id, outcome: await probe(id) });
  });
  expect(await probe(other)).toBe('probed');
  expect(settled.filter(({ outcome }) => outcome === 'probed')).toEqual([]);
  await Promise.all(probes);
  expect(settled.map(({ outcome }) => outcome)).toEqual(['postponed', 'probed', 'probed']);
  const postponed = settled[0]!.id;

  expect(await dueProbes.claim(10)).toEqual([]);
  await flow.pass(31);
  expect(await dueProbes.claim(10)).toEqual([postponed]);
  expect(await probe(postponed)).toBe('probed');
});

it('A probe that found an ended token does not postpone the probe of the token that a refresh stored meanwhile.', async () => {
  await flow.begin();
  const id = await flow.connect('x');
  const ofAccount = 'where id = (select grant_id from accounts where id = $1)';
  await flow.pool.query(`update grants set access_expires_at = db_now() - interval '1 minute' ${ofAccount}`, [id]);
  const context = flow.get<TokenContext>(TOKEN_CONTEXT);
  let reads = 0;
  /** The refresh ends after the account was read. */
  const query = async (sql: string, values: unknown[]): Promise<unknown> => {
    reads += 1;
    if (reads === 2) {
      await flow.pool.query(`update grants set token_version = token_version + 1 ${ofAccount}`, [id]);
      await flow.pool.query('update accounts set probe_due_at = db_now() where id = $1', [id]);
    }
    return flow.pool.query(sql, values);
  };
  const pool = Object.assign(Object.create(context.pool) as Pool, { query });
  expect(await probeAccount({ ...context, pool }, id)).toBe('nothing_to_probe');
  expect(reads).toBeGreaterThan(1);
  expect(await flow.get(DueProbes).claim(10)).toEqual([id]);
});
