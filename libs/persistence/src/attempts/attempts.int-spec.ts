import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeAttempt, makeTenant } from '../../../../test/support/rows.js';
import type { AttemptError } from './attempt-row.js';
import {
  deleteFinalAttempts,
  erasePersonFromAttempts,
  markAttemptCompleted,
  markAttemptExchanged,
  markAttemptFailed,
  requireConfirmation,
  requireSelection,
  spendState,
} from './attempts.js';
import { scheduleNextIdentityCheck } from './identity-checks.js';
import type { AttemptStatus } from '../entities/index.js';
import type { Tenant } from '../tenant.js';

const REDIRECT_URI = 'https://example.com/callback';
const STATUSES: readonly AttemptStatus[] = [
  'pending',
  'exchanged',
  'selection_required',
  'confirmation_required',
  'completed',
  'failed',
];

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

async function attemptIn(status: AttemptStatus, error: AttemptError | null = null): Promise<string> {
  const id = await makeAttempt(opened.database.pool, tenant);
  await opened.database.pool.query('update connect_attempts set status = $2, error = $3 where id = $1', [
    id,
    status,
    error,
  ]);
  return id;
}

async function statusOf(id: string): Promise<AttemptStatus> {
  const sql = 'select status from connect_attempts where id = $1';
  const { rows } = await opened.database.pool.query<{ status: AttemptStatus }>(sql, [id]);
  return rows[0]!.status;
}

const transitions: [string, AttemptStatus, AttemptStatus[], (id: string) => Promise<unknown>][] = [
  ['markAttemptExchanged', 'exchanged', ['pending'], (id) => markAttemptExchanged(opened.database.pool, id)],
  [
    'requireSelection',
    'selection_required',
    ['exchanged'],
    (id) => requireSelection(opened.database.pool, { id, platformUserId: 'u' }, []),
  ],
  [
    'requireConfirmation',
    'confirmation_required',
    ['exchanged', 'selection_required'],
    (id) => requireConfirmation(opened.database.pool, { id, platformUserId: 'u' }, []),
  ],
  [
    'markAttemptCompleted',
    'completed',
    ['exchanged', 'selection_required', 'confirmation_required'],
    (id) => markAttemptCompleted(opened.database.pool, id, { accountIds: [], platformUserId: 'u' }),
  ],
  [
    'markAttemptFailed',
    'failed',
    ['pending', 'exchanged', 'selection_required', 'confirmation_required'],
    (id) => markAttemptFailed(opened.database.pool, id, { error: 'server_error' }),
  ],
];

describe('the owner of connect_attempts', () => {
  it.each(transitions)('%s makes an attempt %s from %j only', async (_name, target, from, run) => {
    const after = await Promise.all(
      STATUSES.map(async (status) => {
        const id = await attemptIn(status, status === 'failed' ? 'access_denied' : null);
        await run(id);
        return statusOf(id);
      }),
    );
    expect(after).toEqual(STATUSES.map((status) => (from.includes(status) ? target : status)));
  });

  it.each(['exchange_failed', 'provider_unavailable'] as const)(
    'accepts late tokens for an attempt that failed with %s',
    async (error) => {
      const id = await attemptIn('failed', error);
      expect([await markAttemptExchanged(opened.database.pool, id), await statusOf(id)]).toEqual([true, 'exchanged']);
    },
  );

  it('spends a state once, and only for the redirect URI of its start', async () => {
    const id = await attemptIn('pending');
    const spend = (redirectUri: string): Promise<unknown> =>
      spendState(opened.database.pool, {
        stateHash: Buffer.from(id),
        redirectUri,
        connectTokenHash: Buffer.from('token'),
      });
    expect(await spend('https://elsewhere.example/callback')).toBeUndefined();
    expect(await spend(REDIRECT_URI)).toMatchObject({ id, status: 'pending', spent: true, connectTokenHash: null });
    expect(await spend(REDIRECT_URI)).toBeUndefined();
  });

  it('schedules identity checks of an attempt that holds tokens only', async () => {
    const ids = await Promise.all(STATUSES.map((status) => attemptIn(status)));
    const next = { waitSeconds: 30, error: 'provider_unavailable' } as const;
    for (const id of ids) await scheduleNextIdentityCheck(opened.database.pool, id, next);
    const sql =
      'select status, checks from connect_attempts where id = any($1) and check_due_at is not null order by 1';
    const holding = ['confirmation_required', 'exchanged', 'selection_required'];
    expect((await opened.database.pool.query(sql, [ids])).rows).toEqual(
      holding.map((status) => ({ status, checks: 1 })),
    );
  });

  it('erases a person from the attempts that were consented to in time, not from those that were started in time', async () => {
    const ids = [await attemptIn('confirmation_required'), await attemptIn('confirmation_required')];
    const { rows } = await opened.database.pool.query<{ oauthAppId: string; now: Date }>(
      `update connect_attempts set platform_user_id = 'erased', user_ref = 'user 7', created_at = db_now() - interval '1 hour',
         oauth_app_id = (select oauth_app_id from connect_attempts where id = $1),
         exchanged_at = db_now() + case when id = $1 then interval '-1 minute' else interval '1 minute' end
       where id = any($2) returning oauth_app_id as "oauthAppId", db_now() as now`,
      [ids[0], ids],
    );
    const { oauthAppId, now } = rows[0]!;
    await erasePersonFromAttempts(opened.database.pool, { oauthAppId, platformUserId: 'erased' }, now);
    const found = await opened.database.pool.query(
      'select user_ref as "userRef" from connect_attempts where id = any($1) order by exchanged_at',
      [ids],
    );
    expect(found.rows).toEqual([{ userRef: null }, { userRef: 'user 7' }]);
  });

  it('deletes final attempts a day after their start, and no open ones', async () => {
    const old = await Promise.all(STATUSES.map((status) => attemptIn(status)));
    const fresh = await attemptIn('completed');
    await opened.database.pool.query(
      `update connect_attempts set created_at = created_at - interval '25 hours' where id = any($1)`,
      [old],
    );
    await deleteFinalAttempts(opened.database.pool);
    const sql = 'select status from connect_attempts where id = any($1) order by status';
    expect((await opened.database.pool.query(sql, [[...old, fresh]])).rows).toEqual(
      ['completed', 'confirmation_required', 'exchanged', 'pending', 'selection_required'].map((status) => ({
        status,
      })),
    );
  });
});
