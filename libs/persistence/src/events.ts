import { NEXT_EVENT_SEQUENCE, NEXT_EVENT_SEQUENCES } from './accounts/accounts.js';
import type { AppUser } from './attempts/attempt-row.js';
import { newId } from './ids.js';
import type { Tenant } from './tenant.js';
import type { Tx } from './tx.js';

/** The only module that writes `account_events` and `outbox`. An account's event has the same id in both. */

/** Of the events in the outbox. */
export const EVENT_TYPES = [
  'account.connected',
  'account.reconnected',
  'account.health_changed',
  'account.refreshed',
  'account.disconnected',
  'account.data_deleted',
  'connection.revoked',
  'oauth_app.status_changed',
  'oauth_attempt.failed',
  'webhook.paused',
  'webhook.resumed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export interface AccountEventInput extends Tenant {
  accountId: string;
  type: EventType;
  data?: Record<string, unknown>;
}

const RECORD = `
  with numbered as (
    ${NEXT_EVENT_SEQUENCE}
  ), recorded as (
    insert into account_events (id, workspace_id, environment, account_id, sequence, type, data)
    select $1, $2, $3, $4, event_sequence, $5, $6 from numbered returning sequence
  )
  insert into outbox (id, workspace_id, environment, account_id, sequence, type, payload)
  select $1, $2, $3, $4, sequence, $5, $6 from recorded`;

const RECORD_HISTORY = `
  with numbered as (
    ${NEXT_EVENT_SEQUENCE}
  )
  insert into account_events (id, workspace_id, environment, account_id, sequence, type, data)
  select $1, $2, $3, $4, event_sequence, $5, $6 from numbered`;

/** Records an event in the account's history and in the outbox. Runs in the transaction of the change. */
export async function recordEvent(
  tx: Tx,
  { workspaceId, environment, accountId, type, data = {} }: AccountEventInput,
): Promise<void> {
  await tx.query(RECORD, [newId(), workspaceId, environment, accountId, type, JSON.stringify(data)]);
}

export interface HistoryInput extends Tenant {
  accountId: string;
  type: 'account.token_read';
  data?: Record<string, unknown>;
}

/** Records an event in the account's history alone: it is an audit entry, which is never delivered. */
export async function recordHistory(
  tx: Tx,
  { workspaceId, environment, accountId, type, data = {} }: HistoryInput,
): Promise<void> {
  await tx.query(RECORD_HISTORY, [newId(), workspaceId, environment, accountId, type, JSON.stringify(data)]);
}

const RECORD_HISTORIES = `
  with requested as (
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::jsonb[])
      with ordinality as requested (id, workspace_id, environment, account_id, type, data, n)
  ), numbered as (
    ${NEXT_EVENT_SEQUENCES}
  )
  insert into account_events (id, workspace_id, environment, account_id, sequence, type, data)
  select requested.id, workspace_id, environment, account_id, before + row_number() over (partition by account_id order by n), type, data
  from requested join numbered on numbered.id = account_id returning id`;

/** The same for events of several accounts in one statement. False: another transaction holds the account, so its event is not recorded. */
export async function recordHistories(tx: Tx, events: readonly HistoryInput[]): Promise<boolean[]> {
  const ids = events.map(() => newId());
  const { rows } = await tx.query<{ id: string }>(RECORD_HISTORIES, [
    ids,
    events.map(({ workspaceId }) => workspaceId),
    events.map(({ environment }) => environment),
    events.map(({ accountId }) => accountId),
    events.map(({ type }) => type),
    events.map(({ data = {} }) => JSON.stringify(data)),
  ]);
  const recorded = new Set(rows.map(({ id }) => id));
  return ids.map((id) => recorded.has(id));
}

export interface TenantEventInput extends Tenant {
  type: EventType;
  data: Record<string, unknown>;
  /** The platform's user in this event, where the platform has named one. */
  person?: AppUser | undefined;
  /** The endpoint in this event: it is sent to the others. */
  webhookId?: string | undefined;
}

const RECORD_IN_OUTBOX = `
  insert into outbox (id, workspace_id, environment, type, payload, oauth_app_id, platform_user_id, webhook_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/** Records an event that concerns no account (`oauth_app.status_changed`), in the outbox only. */
export async function recordTenantEvent(
  tx: Tx,
  { workspaceId, environment, type, data, person, webhookId }: TenantEventInput,
): Promise<void> {
  const { oauthAppId = null, platformUserId = null } = person ?? {};
  const values = [
    newId(),
    workspaceId,
    environment,
    type,
    JSON.stringify(data),
    oauthAppId,
    platformUserId,
    webhookId ?? null,
  ];
  await tx.query(RECORD_IN_OUTBOX, values);
}

const EVENTS_WITH_MORE = `
  select event.id from account_events event join accounts account on account.id = event.account_id
  where account.grant_id = $1 and event.created_at <= coalesce($2::timestamptz + interval '1 second', 'infinity')
    and event.data - $3::text[] <> '{}'`;

const REDACT_HISTORY = `
  update account_events set data = coalesce(
    (select jsonb_object_agg(key, value) from jsonb_each(data) where key = any($2)), '{}')
  where id = any($1)`;

const REDACT_OUTBOX = `
  update outbox set payload = coalesce(
    (select jsonb_object_agg(key, value) from jsonb_each(payload) where key = any($2)), '{}')
  where id = any($1)`;

/** Leaves only `keys` in the events of a grant's accounts, dispatched or not. `until` null: of whatever age. */
export async function redactAccountEvents(
  tx: Tx,
  grantId: string,
  until: Date | null,
  keys: readonly string[],
): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(EVENTS_WITH_MORE, [grantId, until, keys]);
  const ids = rows.map(({ id }) => id);
  await tx.query(REDACT_HISTORY, [ids, keys]);
  await tx.query(REDACT_OUTBOX, [ids, keys]);
}

const REDACT_OF_PERSON = `
  update outbox set platform_user_id = null, payload = coalesce(
    (select jsonb_object_agg(key, value) from jsonb_each(payload) where key = any($4)), '{}')
  where oauth_app_id = $1 and platform_user_id = $2
    and created_at <= coalesce($3::timestamptz + interval '1 second', 'infinity')`;

/** Leaves only `keys` in the events about a person that concern no account. `until` null: of whatever age. */
export async function redactPersonEvents(
  tx: Tx,
  { oauthAppId, platformUserId }: AppUser,
  until: Date | null,
  keys: readonly string[],
): Promise<void> {
  await tx.query(REDACT_OF_PERSON, [oauthAppId, platformUserId, until, keys]);
}

/** Deletes at most `limit` events of the history that are older than `days`. Returns how many. */
export async function deleteOldAccountEvents(tx: Tx, limit: number, days: number): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from account_events where id in (
       select id from account_events where created_at < db_now() - make_interval(days => $2) order by created_at limit $1)`,
    [limit, days],
  );
  return rowCount ?? 0;
}

/** Days. A client that has not fetched an event until then reads the state of the account instead. */
const OUTBOX_RETENTION = 30;

/** Deletes at most `limit` events of the outbox that are 30 days old, delivered or not. Returns how many. */
export async function deleteOldOutboxEvents(tx: Tx, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    `delete from outbox where id in (
       select id from outbox where created_at < db_now() - make_interval(days => $2) order by created_at limit $1)`,
    [limit, OUTBOX_RETENTION],
  );
  return rowCount ?? 0;
}
