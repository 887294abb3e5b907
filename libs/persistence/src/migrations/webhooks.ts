import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Endpoints, and what waits for each. A lane is the events of one account for one endpoint; an event without an account is a
 * lane of its own. The trigger queues an event in the transaction of its change. It locks the lanes to the end of that
 * transaction: a delivery that ends meanwhile finds the new event, or the new event finds that nothing is being sent.
 * An endpoint is deleted in two steps, so that no transaction refers to a row that has just gone.
 */
const UP = `
  create table webhooks (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    url text not null,
    description text,
    events text[] not null,
    filter_provider text,
    filter_project_id uuid,
    status text not null default 'active' check (status in ('active', 'paused', 'disabled')),
    paused_reason text,
    paused_at timestamptz,
    next_try_at timestamptz,
    consecutive_failures integer not null default 0,
    last_success_at timestamptz,
    last_failure_at timestamptz,
    previous_secret_until timestamptz,
    created_at timestamptz not null default db_now(),
    deleted_at timestamptz
  );
  create index webhooks_of_tenant on webhooks (workspace_id, environment, created_at);

  create table webhook_secrets (
    webhook_id uuid primary key references webhooks on delete cascade,
    version bigint not null,
    sealed_secret bytea not null,
    sealed_previous bytea,
    dek_wrapped bytea not null,
    kek_id text not null
  );

  create table webhook_lanes (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    webhook_id uuid not null references webhooks on delete cascade,
    key uuid not null,
    next_attempt_at timestamptz,
    claim uuid,
    last_sequence bigint,
    unique (webhook_id, key)
  );
  create index webhook_lanes_due on webhook_lanes (webhook_id, next_attempt_at) where next_attempt_at is not null;

  create table webhook_deliveries (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    webhook_id uuid not null references webhooks on delete cascade,
    lane_id uuid references webhook_lanes on delete cascade,
    event_id uuid not null,
    event_type text not null,
    position bigint not null default 0,
    status text not null default 'pending'
      check (status in ('pending', 'delivering', 'succeeded', 'failed', 'exhausted')),
    attempts integer not null default 0,
    status_code integer,
    error text,
    duration_ms integer,
    response_excerpt text,
    next_retry_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz not null default db_now()
  );
  create index webhook_deliveries_waiting on webhook_deliveries (lane_id, position, created_at)
    where status in ('pending', 'delivering', 'failed');
  create index webhook_deliveries_of_lane on webhook_deliveries (lane_id);
  create index webhook_deliveries_listed on webhook_deliveries (webhook_id, created_at, id);
  create index webhook_deliveries_by_age on webhook_deliveries (created_at);

  alter table outbox add column webhook_id uuid;

  create function queue_deliveries() returns trigger language plpgsql as $$
  begin
    with target as (
      select hook.id from webhooks hook
      where hook.workspace_id = new.workspace_id and hook.environment = new.environment and hook.status <> 'disabled'
        and (new.type = any(hook.events) or ('*' = any(hook.events) and new.type <> 'account.refreshed'))
        and hook.id is distinct from new.webhook_id
        and ((hook.filter_provider is null and hook.filter_project_id is null) or exists (
          select from accounts account where account.id = new.account_id
            and account.provider = coalesce(hook.filter_provider, account.provider)
            and account.project_id = coalesce(hook.filter_project_id, account.project_id)))
      order by hook.id
    ), lane as (
      insert into webhook_lanes (id, workspace_id, environment, webhook_id, key, next_attempt_at)
      select gen_random_uuid(), new.workspace_id, new.environment, id, coalesce(new.account_id, new.id), db_now() from target
      on conflict (webhook_id, key) do update
        set next_attempt_at = coalesce(webhook_lanes.next_attempt_at, excluded.next_attempt_at)
      returning id, webhook_id
    )
    insert into webhook_deliveries (id, workspace_id, environment, webhook_id, lane_id, event_id, event_type, position)
    select gen_random_uuid(), new.workspace_id, new.environment, webhook_id, id, new.id, new.type, new.position from lane;
    if found then
      perform pg_notify('webhook_deliveries', '');
    end if;
    return null;
  end $$;
  create trigger outbox_queues_deliveries after insert on outbox for each row execute function queue_deliveries()`;

const DOWN = `
  drop trigger outbox_queues_deliveries on outbox;
  drop function queue_deliveries();
  alter table outbox drop column webhook_id;
  drop table webhook_deliveries, webhook_lanes, webhook_secrets, webhooks`;

export class WebhookTables implements MigrationInterface {
  readonly name = 'WebhookTables1796084661151';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
