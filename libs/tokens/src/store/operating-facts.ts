import type { Fact } from '#observability';
import type { Tx } from '#persistence/sql';

const WAITS = `refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at <= db_now()`;

/** Each query gives the value and, under their own names, the labels of its gauge. */
const QUERIES: Partial<Record<Fact['name'], string>> = {
  evergrant_accounts: `
    select provider, health, count(*) as value from accounts where health <> 'disconnected' group by 1, 2`,
  evergrant_accounts_lost_last_hour: `
    select a.provider, coalesce(e.data ->> 'reason', 'unknown') as reason, count(*) as value
    from account_events e join accounts a on a.id = e.account_id
    where e.created_at > db_now() - interval '1 hour' and e.type = 'connection.revoked' group by 1, 2`,
  evergrant_grants_unknown: `
    select provider, count(*) as value from grants where refresh_state = 'unknown' and ended_reason is null group by 1`,
  evergrant_grants_due: `select provider, count(*) as value from grants where ${WAITS} group by 1`,
  evergrant_grants_oldest_due_seconds: `
    select coalesce(extract(epoch from db_now() - min(refresh_due_at)), 0) as value from grants where ${WAITS}`,
  evergrant_grants_claims_overdue: `
    select count(*) as value from grants where refresh_state in ('claimed', 'in_flight') and claim_until < db_now()`,
  evergrant_oauth_apps: `select provider, status, count(*) as value from oauth_apps group by 1, 2`,
  evergrant_breakers: `
    select o.provider, b.state, count(*) as value from breakers b join oauth_apps o on o.id = b.oauth_app_id group by 1, 2`,
  evergrant_token_orphans: `
    select coalesce(g.provider, a.provider) as provider, count(*) as value from token_orphans o
    join exchange_intents i on i.id = o.intent_id
    left join grants g on g.id = i.grant_id left join connect_attempts a on a.id = i.attempt_id group by 1`,
  evergrant_broken_seals: `select table_name as "table", count(*) as value from broken_seals group by 1`,
  evergrant_webhooks: `select status, count(*) as value from webhooks where deleted_at is null group by 1`,
  evergrant_webhooks_oldest_due_seconds: `
    select coalesce(extract(epoch from db_now() - min(lane.next_attempt_at)), 0) as value
    from webhook_lanes lane join webhooks hook on hook.id = lane.webhook_id
    where hook.status = 'active' and lane.next_attempt_at <= db_now()`,
  evergrant_revocations_pending: `select provider, count(*) as value from pending_revocations group by 1`,
  evergrant_revocations_oldest_seconds: `
    select coalesce(extract(epoch from db_now() - min(created_at)), 0) as value from pending_revocations`,
};

/** What operators watch and only the database has: every process reads the same. */
export async function operatingFacts(tx: Tx): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const [name, query] of Object.entries(QUERIES)) {
    const { rows } = await tx.query<Record<string, string> & { value: string }>(query);
    for (const { value, ...labels } of rows) facts.push({ name: name as Fact['name'], labels, value: Number(value) });
  }
  return facts;
}

/** Milliseconds since 1970 by the clock that decides. */
export async function databaseTime(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ now: string }>('select extract(epoch from db_now()) * 1000 as now');
  return Number(rows[0]?.now);
}
