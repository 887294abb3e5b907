import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import { attemptsOf } from '../../../../test/support/flow-rows.js';
import { SweepAttempts } from './sweep-attempts.js';

/** Attempts that fail with an error each time they are opened: the key under which they are sealed is not in MASTER_KEYS. */
let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const sweep = () => flow.get(SweepAttempts).execute();
const statusOf = async (id: string): Promise<string | undefined> =>
  (await attemptsOf(flow)).find((attempt) => attempt.id === id)?.status;

/** Stores an attempt whose person is not identified yet, and older copies of it that cannot be opened. */
async function waitingBehind(copies: number): Promise<string> {
  await flow.knobs('x', { access_ttl_seconds: 7_200 });
  const started = await flow.start('x');
  await flow.fault({ endpoint: 'identity', times: 4, status: 503 });
  await flow.callback(await flow.decide(started.authorizeUrl));
  const { id } = (await attemptsOf(flow)).at(-1)!;
  await flow.pool.query(
    `insert into connect_attempts select (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(),
       'state_hash', '\\x' || encode(sha256(gen_random_uuid()::text::bytea), 'hex'), 'exchanged_at', a.exchanged_at - interval '1 second',
       'expires_at', a.expires_at - interval '1 second', 'checks', 0, 'check_due_at', null))).*
     from connect_attempts a, generate_series(1, $2::int) n where a.id = $1`,
    [id, copies],
  );
  await flow.pool.query(
    `insert into attempt_secrets select (jsonb_populate_record(s, jsonb_build_object('attempt_id', a.id, 'kek_id', 'gone'))).*
     from attempt_secrets s, connect_attempts a where s.attempt_id = $1 and a.workspace_id = $2 and a.id <> $1`,
    [id, flow.tenant.workspaceId],
  );
  return id;
}

it('A check that fails with an error is postponed: a hundred such attempts do not take the share of the one behind them', async () => {
  const id = await waitingBehind(100);
  await flow.sandbox.control('DELETE', '/faults');
  for (let minute = 0; minute < 4; minute += 1) {
    await flow.pass(60);
    await sweep();
  }
  expect(await statusOf(id)).toBe('completed');
});

/** Two pages of the sweep, and the first attempt of the third. */
const MORE_THAN_TWO_PAGES = 401;

it('A sweep ends the expired attempt behind four hundred that cannot be ended', async () => {
  const id = await waitingBehind(MORE_THAN_TWO_PAGES);
  await flow.pool.query(`update connect_attempts set status = 'selection_required' where workspace_id = $1`, [
    flow.tenant.workspaceId,
  ]);
  await flow.pass(11 * 60);
  await sweep();
  expect(await statusOf(id)).toBe('failed');
});

it('A sweep ends the overdue attempt behind four hundred that cannot be ended', async () => {
  const id = await waitingBehind(MORE_THAN_TWO_PAGES);
  await flow.pass(2 * 60 * 60);
  await flow.pool.query(
    `update connect_attempts set check_due_at = db_now() + interval '1 hour' where workspace_id = $1`,
    [flow.tenant.workspaceId],
  );
  await sweep();
  expect(await statusOf(id)).toBe('failed');
});
