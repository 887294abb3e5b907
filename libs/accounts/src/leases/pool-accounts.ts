import { Injectable } from '@nestjs/common';
import { Cursors } from '#crypto';
import { Database, type Environment, type Health, transaction, type Tx } from '#persistence';
import { poolAccountNotFound, poolStepRefused } from '../accounts.errors.js';
import { cutPage, keysetPosition, keysetTime, readPosition } from '../policies/keyset.js';
import { changeStep, type PoolState, type PoolStep, type PoolStepChange } from './pool-steps.js';

/** An account of the pool as an operator sees it. */
export interface PoolAccountRecord {
  id: string;
  provider: string;
  /** Null until the account is connected. */
  handle: string | null;
  health: Health | null;
  healthReason: string | null;
  state: PoolState;
  /** Why its consent failed; null for any other state, and once the attempt is deleted. */
  error: string | null;
  /** The platform's own code, where it refused something. */
  platformCode: string | null;
  steps: PoolStep[];
  /** Of the running lease. */
  requestId: string | null;
  createdAt: Date;
}

/** As `ReadAttempt` has it: an attempt that has expired reads as failed before the sweep ends it. */
const ERROR = `
  case when pool.account_id is not null then null when attempt.status = 'failed' then attempt.error
    when attempt.expires_at <= db_now() and (attempt.status in ('selection_required', 'confirmation_required')
      or (attempt.status = 'pending' and attempt.spent_at is null)) then 'state_expired' end`;

/** An attempt that has failed, or was deleted, connects nothing any more. */
const STATE = `
  case when pool.account_id is null and (coalesce(attempt.status, 'failed') = 'failed' or ${ERROR} is not null)
    then 'failed' else pool.state end`;

const SELECT = `
  select pool.id, pool.provider, account.handle, account.health, account.health_reason as "healthReason", ${STATE} as state,
    ${ERROR} as error, case when pool.account_id is null then attempt.platform_code end as "platformCode",
    pool.steps, pool.created_at as "createdAt", lease.request_id as "requestId",
    ${keysetTime('pool.created_at')} as at
  from pool_accounts pool left join accounts account on account.id = pool.account_id
  left join connect_attempts attempt on attempt.id = pool.attempt_id
  left join leases lease on lease.pool_account_id = pool.id and lease.ended_at is null`;

const LOCK = `
  select steps, account_id as "accountId", db_now() as now from pool_accounts
  where environment = $1 and id = $2 and removed_at is null for update`;
const IS_LEASED = 'select 1 from leases where pool_account_id = $1 and ended_at is null';
const STORE_STEPS = 'update pool_accounts set steps = $2, state = $3 where id = $1';

interface PoolPage {
  items: PoolAccountRecord[];
  nextCursor: string | null;
}

/** The accounts that operators prepare for leases. Their grants belong to the reserved workspace. */
@Injectable()
export class PoolAccounts {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  /** Newest first. Throws cursor.invalid. */
  async list(environment: Environment, limit: number, cursor?: string): Promise<PoolPage> {
    const scope = ['pool', environment];
    const from = readPosition(this.cursors, keysetPosition, { scope, cursor });
    const { rows } = await this.database.pool.query<PoolAccountRecord & { at: string }>(
      `${SELECT} where pool.environment = $1 and pool.removed_at is null ${from ? 'and (pool.created_at, pool.id) < ($3, $4)' : ''}
       order by pool.created_at desc, pool.id desc limit $2`,
      [environment, limit + 1, ...(from ? [from.at, from.id] : [])],
    );
    const { items, last } = cutPage(rows, limit);
    return { items, nextCursor: last ? this.cursors.write(scope, { at: last.at, id: last.id }) : null };
  }

  /** Throws pool_account.not_found and pool_account.step_refused. */
  async setStep(environment: Environment, id: string, change: Omit<PoolStepChange, 'at'>): Promise<PoolAccountRecord> {
    await transaction(this.database.pool, async (tx) => {
      const { rows } = await tx.query<{ steps: PoolStep[]; accountId: string | null; now: Date }>(LOCK, [
        environment,
        id,
      ]);
      if (!rows[0]) throw poolAccountNotFound();
      const { steps, accountId, now } = rows[0];
      if (change.state === 'done' && accountId === null)
        throw poolStepRefused('The account is not connected, so its credentials are not complete.');
      if ((await tx.query(IS_LEASED, [id])).rowCount !== 0)
        throw poolStepRefused('The account is leased, so its steps stay as they are.');
      const changed = changeStep(steps, { ...change, at: now });
      await tx.query(STORE_STEPS, [id, JSON.stringify(changed.steps), changed.state]);
    });
    return readPoolAccount(this.database.pool, environment, id);
  }
}

/** Throws pool_account.not_found. */
export async function readPoolAccount(tx: Tx, environment: Environment, id: string): Promise<PoolAccountRecord> {
  const { rows } = await tx.query<PoolAccountRecord & Record<string, unknown>>(
    `${SELECT} where pool.environment = $1 and pool.id = $2 and pool.removed_at is null`,
    [environment, id],
  );
  if (!rows[0]) throw poolAccountNotFound();
  return rows[0];
}
