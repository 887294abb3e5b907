import { Injectable } from '@nestjs/common';
import { Database, type Health, type ProbeResult, type Tenant } from '#persistence';
import { accountNotFound } from '../accounts.errors.js';
import type { PoolState, PoolStep } from '../leases/pool-steps.js';
import { ACCOUNT_COLUMNS, ACCOUNT_TABLES, type AccountRecord } from './account-record.js';
import { type AccountEventRecord, ListAccountEvents } from './list-account-events.js';
import { type ProbeState, probeState } from './probe-state.js';
import { type Recommendation, recommend } from './recommendation.js';
import { type TokenFacts, type TokenState, tokenState } from './token-state.js';

/** The health of an account with the facts it follows from. */
export interface AccountHealthRecord {
  id: string;
  health: Health;
  healthReason: string | null;
  token: {
    state: TokenState;
    expiresAt: Date | null;
    refreshExpiresAt: Date | null;
    lastRefreshedAt: Date | null;
    nextRefreshAt: Date | null;
    /** The platform's own code of the last refusal since the last success. */
    lastError: string | null;
  };
  /** Of a leased account: how it was prepared. Every other account is ready. */
  provisioning: Provisioning;
  probe: { state: ProbeState; at: Date | null; nextAt: Date | null };
  recommendation: Recommendation;
  /** The newest events first. */
  events: AccountEventRecord[];
}

export interface Provisioning {
  state: PoolState | 'released';
  steps: { name: string; state: string; at: Date }[];
}

interface Row extends AccountRecord, TokenFacts {
  poolState: PoolState | null;
  poolSteps: PoolStep[] | null;
  probeResult: ProbeResult | null;
  probeDueAt: Date | null;
  lastError: string | null;
}

const READ = `
  select ${ACCOUNT_COLUMNS}, account.own_token as "ownToken", account.probe_class as "probeClass",
    account.probe_result as "probeResult", account.probe_due_at as "probeDueAt", grants.refresh_state as "refreshState",
    grants.ended_reason as "endedReason", case when account.health <> 'disconnected' then grants.last_error end as "lastError",
    not account.own_token and coalesce(grants.access_expires_at <= db_now(), false) as ended,
    pool.state as "poolState", pool.steps as "poolSteps"
  from ${ACCOUNT_TABLES}
  left join leases lease on lease.account_id = account.id
  left join pool_accounts pool on pool.id = lease.pool_account_id
  where account.workspace_id = $1 and account.environment = $2 and account.id = $3`;

const MAX_EVENTS = 20;

/** Reads the health of an account, its reason and a recommendation, without secrets and without a call to the platform. */
@Injectable()
export class AccountHealth {
  constructor(
    private readonly database: Database,
    private readonly listEvents: ListAccountEvents,
  ) {}

  /** Includes disconnected accounts. Throws account.not_found. */
  async execute({ tenant, id }: { tenant: Tenant; id: string }): Promise<AccountHealthRecord> {
    const { rows } = await this.database.pool.query<Row>(READ, [tenant.workspaceId, tenant.environment, id]);
    if (!rows[0]) throw accountNotFound();
    const { items } = await this.listEvents.execute({ tenant, id, limit: MAX_EVENTS });
    return toHealth(rows[0], items);
  }
}

function toHealth(row: Row, events: AccountEventRecord[]): AccountHealthRecord {
  const { id, health, healthReason } = row;
  return {
    ...{ id, health, healthReason },
    token: {
      state: tokenState(row),
      expiresAt: row.tokenExpiresAt,
      refreshExpiresAt: row.refreshExpiresAt,
      lastRefreshedAt: row.lastRefreshedAt,
      nextRefreshAt: row.nextRefreshAt,
      lastError: row.lastError,
    },
    provisioning: provisioningOf(row),
    probe: { state: probeState(row.probeResult, row.probeClass), at: row.lastProbedAt, nextAt: row.probeDueAt },
    recommendation: recommend(row),
    events,
  };
}

/** After the release the account of the pool belongs to its next lease, so its steps are not shown any more. */
function provisioningOf({ health, poolState, poolSteps }: Row): Provisioning {
  if (poolState === null || poolSteps === null) return { state: 'ready', steps: [] };
  if (health === 'disconnected') return { state: 'released', steps: [] };
  return { state: poolState, steps: poolSteps.map(({ name, state, at }) => ({ name, state, at: new Date(at) })) };
}
