import type { Part } from './part.js';

export const history: Part = {
  up: `
    create table account_events (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      account_id uuid not null references accounts,
      sequence bigint not null,
      type text not null,
      data jsonb not null default '{}',
      created_at timestamptz not null default db_now()
    );
    create unique index account_events_in_order on account_events (account_id, sequence desc);
    create index account_events_by_age on account_events (created_at);

    create table outbox (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      type text not null,
      account_id uuid,
      sequence bigint,
      payload jsonb not null,
      created_at timestamptz not null default db_now(),
      dispatched_at timestamptz
    );
    create index outbox_waiting on outbox (id) where dispatched_at is null;
    create index outbox_dispatched on outbox (dispatched_at) where dispatched_at is not null;`,
  down: `drop table outbox, account_events;`,
};
