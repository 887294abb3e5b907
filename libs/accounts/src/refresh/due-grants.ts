import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { seconds, withTimeout } from '#config';
import { Database, transaction } from '#persistence';
import { applyHealth, type RefreshOutcome, releaseExpiredClaims, type TokenExchange } from '#tokens';
import { TOKEN_EXCHANGE } from '../injection.js';

export interface DueLimits {
  /** Grants of one app: as many as it may send until the next sweep. */
  perApp: number;
  all: number;
}

/**
 * How many grants of each app may be refreshed next (`$1`: of a healthy app).
 *
 * - A refusal at the API alone does not limit refreshes.
 * - None during a pause, or while an open breaker waits for its probe. A probe time further away than any breaker sets
 *   comes from a clock that was turned back, and is ignored.
 * - None of an app whose new secret the platform has not accepted yet: ConfirmSecret chooses the grant that uses it first.
 * - One grant of an app that is misconfigured, and five behind a breaker that is not closed: their refreshes show whether it works again.
 */
const APP_CAPACITY = `app_capacity as (
  select app.id, case
    when app.paused_until > db_now() and app.status_source is distinct from 'api' then 0
    when app.secret_turn_until is not null then 0
    when breakers.state = 'open' and breakers.probe_at > db_now() and breakers.probe_at < db_now() + interval '10 minutes' then 0
    when app.status <> 'active' and app.status_source is distinct from 'api' then 1
    when breakers.state <> 'closed' then 5
    else $1::int
  end as capacity
  from oauth_apps app left join breakers on breakers.oauth_app_id = app.id
)`;

/**
 * - Order within an app: unknown outcomes first, then the tokens that expire first.
 * - Fairness: workspaces take turns.
 * - An app whose refreshes show whether it works again: the grant that has waited longest since its last request goes first,
 *   whatever its state. Otherwise the same revoked grants would be refreshed each time, and keep the app's breaker open.
 * - Grants without a refresh (`mode = 'none'`) send nothing, so they need no capacity.
 */
const DUE = `
  with ${APP_CAPACITY}, due as (
    select grants.id, workspace_id, case when mode = 'none' then $1::int else coalesce(capacity, $1::int) end as capacity,
      unknown, since,
      row_number() over (partition by oauth_app_id, mode = 'none' order by unknown desc, since) as of_app
    from grants left join app_capacity on app_capacity.id = oauth_app_id
    cross join lateral (select
      refresh_state = 'unknown' and coalesce(capacity >= $1::int, true) as unknown,
      case when capacity < $1::int then refresh_due_at else access_expires_at end as since) as urgency
    where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at <= db_now()
      and (mode = 'none' or capacity is distinct from 0)
  ), turns as (
    select id, unknown, since, row_number() over (partition by workspace_id order by unknown desc, since) as turn
    from due where of_app <= capacity
  )
  select id from turns order by unknown desc, turn, since limit $2`;

/** How long the job of a refresh waits for it. Jobs that wait for a platform that hangs would take the places of all others. */
const JOB_MAX_WAIT = seconds(5);

/** `running`: the exchanger continues it, and stores its outcome. */
type DueOutcome = RefreshOutcome['kind'] | 'running';

/** The refreshes that are due: the sweep finds them, and a job performs each. */
@Injectable()
export class DueGrants {
  constructor(
    private readonly database: Database,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
  ) {}

  /** Refreshes one grant, if it is due. `maxWait`: milliseconds. */
  async refresh(grantId: string, maxWait = JOB_MAX_WAIT): Promise<DueOutcome> {
    const refreshed = this.exchange.refresh(grantId).then(({ kind }) => kind);
    return withTimeout<DueOutcome>(refreshed, maxWait, () => 'running');
  }

  /** Finds the grants that are due and whose app may send requests, after releasing the claims of ended processes. */
  async execute({ perApp, all }: DueLimits): Promise<string[]> {
    const { pool } = this.database;
    await releaseExpiredClaims(pool);
    await markExpiredTokens(pool);
    const { rows } = await pool.query<{ id: string }>(DUE, [perApp, all]);
    return rows.map(({ id }) => id);
  }
}

const MAX_MARKED_PER_SWEEP = 500;

const APP_PROBLEM = `case app.status when 'misconfigured' then 'app_misconfigured' when 'paused' then 'app_paused' else 'provider_unavailable' end`;

/**
 * Grants whose token expired while no request of their app could be sent, with an account whose health does not show it yet. Accounts
 * that were degraded before are included, because no request is made for them now; a probe's own suspicion takes precedence.
 */
const EXPIRED = `
  select distinct grants.id
  from oauth_apps app left join breakers on breakers.oauth_app_id = app.id
  join grants on grants.oauth_app_id = app.id
  join accounts on accounts.grant_id = grants.id
  where (app.status <> 'active' or breakers.state <> 'closed') and mode <> 'none' and access_expires_at <= db_now() and not own_token
    and (health in ('active', 'expiring')
      or (health = 'degraded' and health_reason is distinct from ${APP_PROBLEM} and probe_class is distinct from 'suspected'))
  limit $1`;

/** A problem of an app or its platform shows in an account once the account's token expires, though no request was made. */
async function markExpiredTokens(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(EXPIRED, [MAX_MARKED_PER_SWEEP]);
  for (const { id } of rows) {
    await transaction(pool, async (tx) => {
      await tx.query('select 1 from grants where id = $1 for update', [id]);
      await applyHealth(tx, id);
    });
  }
}
