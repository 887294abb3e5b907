import type { Part } from './part.js';

export const connect: Part = {
  up: `
    create table connect_attempts (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      project_id uuid not null references projects,
      provider text not null,
      oauth_app_id uuid not null references oauth_apps on delete cascade,
      state_hash bytea not null unique,
      created_by text not null,
      redirect_uri text not null,
      return_url text,
      user_ref text,
      scopes text[] not null,
      reauth_account_id uuid,
      status text not null default 'pending' 
        check (status in ('pending', 'exchanged', 'selection_required', 'completed', 'failed')),
      error text,
      selection text not null default 'all' check (selection in ('all', 'manual')),
      candidates jsonb,
      platform_user_id text,
      account_ids uuid[] not null default '{}',
      created_at timestamptz not null default db_now(),
      expires_at timestamptz not null default db_now() + interval '10 minutes',
      spent_at timestamptz,
      exchanged_at timestamptz,
      finished_at timestamptz
    );
    create index connect_attempts_open on connect_attempts (expires_at) where status in ('pending', 'exchanged', 'selection_required');
    create index connect_attempts_finished on connect_attempts (created_at) where status in ('completed', 'failed');

    create table attempt_secrets (
      attempt_id uuid primary key references connect_attempts on delete cascade,
      version bigint not null,
      sealed_verifier bytea,
      sealed_token_set bytea,
      dek_wrapped bytea not null,
      kek_id text not null
    );`,
  down: `drop table attempt_secrets, connect_attempts;`,
};
