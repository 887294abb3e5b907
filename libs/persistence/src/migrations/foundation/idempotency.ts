import type { Part } from './part.js';

/** Requests that may be repeated. A body is here as its hash only; an answer that held a secret is here as null. */
export const idempotency: Part = {
  up: `
    create table idempotency_keys (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      credential text not null,
      method text not null,
      path text not null,
      key text not null,
      body_hash bytea not null,
      state text not null default 'running' check (state in ('running', 'done')),
      status integer,
      answer text,
      created_at timestamptz not null default db_now()
    );
    create unique index idempotency_keys_one_a_request on idempotency_keys (workspace_id, environment, credential, method, path, key);
    create index idempotency_keys_by_age on idempotency_keys (created_at);`,
  down: `drop table idempotency_keys;`,
};
