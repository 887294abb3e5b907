import type { Part } from './part.js';

export const tenants: Part = {
  up: `
    create table workspaces (
      id uuid primary key,
      name text not null unique,
      created_at timestamptz not null default db_now()
    );

    create table projects (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      name text not null,
      external_ref text,
      is_default boolean not null default false,
      created_at timestamptz not null default db_now()
    );
    create unique index projects_one_default on projects (workspace_id, environment) where is_default;

    create table api_keys (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      name text not null,
      key_hash bytea not null unique,
      key_prefix text not null,
      scopes text[] not null,
      return_hosts text[] not null default '{}',
      rate_limits jsonb,
      created_at timestamptz not null default db_now(),
      expires_at timestamptz,
      last_used_at timestamptz,
      revoked_at timestamptz
    );
    create index api_keys_by_tenant on api_keys (workspace_id, environment, created_at desc, id desc);

    create table oauth_apps (
      id uuid primary key,
      workspace_id uuid not null references workspaces,
      environment text not null check (environment in ('live', 'test')),
      provider text not null,
      name text not null,
      client_id text not null,
      redirect_uri_style text not null default 'provider' check (redirect_uri_style in ('provider', 'app')),
      scopes text[] not null,
      allowed_return_urls text[] not null default '{}',
      completion text not null default 'immediate' check (completion in ('immediate', 'confirm')),
      is_default boolean not null default false,
      status text not null default 'active' check (status in ('active', 'paused', 'misconfigured')),
      status_reason text,
      paused_until timestamptz,
      created_at timestamptz not null default db_now()
    );
    create unique index oauth_apps_one_default on oauth_apps (workspace_id, environment, provider) where is_default;
    create index oauth_apps_by_tenant on oauth_apps (workspace_id, environment, created_at desc, id desc);

    create table oauth_app_secrets (
      oauth_app_id uuid primary key references oauth_apps on delete cascade,
      version bigint not null,
      sealed_client_secret bytea not null,
      dek_wrapped bytea not null,
      kek_id text not null
    );`,
  down: `drop table oauth_app_secrets, oauth_apps, api_keys, projects, workspaces;`,
};
