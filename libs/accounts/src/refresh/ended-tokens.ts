import type { Pool } from 'pg';
import { transaction } from '#persistence';
import { applyHealth } from '#tokens';

/** Their number in one sweep: an app's tokens do not all end at once. */
const MOST = 500;

const TROUBLE = `case app.status when 'misconfigured' then 'app_misconfigured' when 'paused' then 'app_paused' else 'provider_unavailable' end`;

/**
 * Tokens that have ended while their app could not be asked, of accounts that do not say so yet: also of those that were in
 * doubt before, for nobody asks about them now. What a probe of their own holds against them goes before it.
 */
const UNTOLD = `
  select distinct grants.id
  from oauth_apps app left join breakers on breakers.oauth_app_id = app.id
  join grants on grants.oauth_app_id = app.id
  join accounts on accounts.grant_id = grants.id
  where (app.status <> 'active' or breakers.state <> 'closed') and mode <> 'none' and access_expires_at <= db_now() and not own_token
    and (health in ('active', 'expiring')
      or (health = 'degraded' and health_reason is distinct from ${TROUBLE} and probe_class is distinct from 'suspected'))
  limit $1`;

/** The trouble of an app or its platform is no account's until its token ends; then it is told, though nothing was sent. */
export async function noteEndedTokens(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(UNTOLD, [MOST]);
  for (const { id } of rows) {
    await transaction(pool, async (tx) => {
      await tx.query('select 1 from grants where id = $1 for update', [id]);
      await applyHealth(tx, id);
    });
  }
}
