import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = `
  -- Every decision about time reads db_now(): one clock for all processes. A test sets it by replacing the function.
  create function db_now() returns timestamptz language sql stable as $$ select now() $$;

  -- Workspaces, their projects, API keys and OAuth apps.
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
  );

  -- Attempts to connect. What is sealed is in a table of its own, here and below.
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
  );

  -- Grants, accounts, the intents of exchanges, and breakers.
  create table grants (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    provider text not null,
    oauth_app_id uuid references oauth_apps on delete set null,
    platform_user_id text not null,
    token_version bigint not null default 1,
    mode text not null check (mode in ('rotating_strict', 'rotating_grace', 'static', 'extend_self', 'none')),
    scopes text[] not null default '{}',
    access_expires_at timestamptz,
    refresh_expires_at timestamptz,
    reauth_due_at timestamptz,
    consented_at timestamptz not null default db_now(),
    issued_at timestamptz not null,
    last_refreshed_at timestamptz,
    refresh_state text not null default 'idle'
      check (refresh_state in ('idle', 'claimed', 'in_flight', 'backoff', 'confirm', 'unknown', 'ended')),
    claim_epoch bigint not null default 0,
    claim_holder text,
    claim_until timestamptz,
    refresh_due_at timestamptz,
    attempt integer not null default 0,
    last_class text,
    last_reason text,
    last_error text,
    strike_count integer not null default 0,
    first_strike_at timestamptz,
    last_strike_at timestamptz,
    witness text check (witness in ('accepts', 'refuses', 'silent')),
    unknown_since timestamptz,
    ended_reason text,
    created_at timestamptz not null default db_now()
  );
  create unique index grants_one_a_person on grants (workspace_id, environment, oauth_app_id, platform_user_id);
  create index grants_due on grants (refresh_due_at) where refresh_state in ('idle', 'backoff', 'confirm', 'unknown');
  create index grants_held on grants (claim_until) where refresh_state in ('claimed', 'in_flight');
  create index grants_by_app on grants (oauth_app_id, last_refreshed_at);

  create function grants_version_only_grows() returns trigger language plpgsql as $$
  begin
    if new.token_version < old.token_version then
      raise exception 'token_version of grant % would fall from % to %', old.id, old.token_version, new.token_version;
    end if;
    return new;
  end $$;
  create trigger grants_version_only_grows before update of token_version on grants
    for each row execute function grants_version_only_grows();

  create table grant_tokens (
    grant_id uuid primary key references grants on delete cascade,
    version bigint not null,
    sealed_access bytea not null,
    sealed_refresh bytea,
    sealed_prev_refresh bytea,
    dek_wrapped bytea not null,
    kek_id text not null
  );

  create table accounts (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    project_id uuid not null references projects,
    provider text not null,
    platform_account_id text not null,
    grant_id uuid not null references grants,
    oauth_app_id uuid references oauth_apps on delete set null,
    connection_type text not null check (connection_type in ('oauth', 'manual', 'leased')),
    handle text,
    display_name text,
    avatar_url text,
    missing_scopes text[] not null default '{}',
    health text not null
      check (health in ('active', 'degraded', 'expiring', 'missing_permissions', 'restricted', 'needs_reauth', 'disconnected')),
    health_reason text,
    metadata jsonb not null default '{}',
    connected_at timestamptz not null default db_now(),
    own_token boolean not null default false,
    last_probed_at timestamptz,
    probe_due_at timestamptz,
    probe_result text check (probe_result in ('ok', 'temporary', 'app', 'permanent', 'owner', 'permission')),
    probe_class text check (probe_class in ('suspected', 'permanent', 'owner', 'permission')),
    probe_reason text,
    probe_struck_at timestamptz,
    disconnected_at timestamptz,
    disconnected_reason text,
    event_sequence bigint not null default 0
  );
  create unique index accounts_one_a_profile on accounts
    (workspace_id, environment, project_id, provider, platform_account_id) where health <> 'disconnected';
  create index accounts_newest on accounts (workspace_id, environment, connected_at desc, id desc) where health <> 'disconnected';
  create index accounts_newest_of_provider on accounts
    (workspace_id, environment, provider, connected_at desc, id desc) where health <> 'disconnected';
  create index accounts_newest_of_health on accounts (workspace_id, environment, health, connected_at desc, id desc);
  create index accounts_newest_of_project on accounts
    (workspace_id, environment, project_id, connected_at desc, id desc) where health <> 'disconnected';
  create index accounts_of_grant on accounts (grant_id) where health <> 'disconnected';
  create index accounts_probe_due on accounts (probe_due_at) where health <> 'disconnected';

  create table account_tokens (
    account_id uuid primary key references accounts on delete cascade,
    version bigint not null,
    sealed_access bytea not null,
    dek_wrapped bytea not null,
    kek_id text not null
  );

  create table exchange_intents (
    id uuid primary key,
    kind text not null check (kind in ('refresh', 'code', 'revoke')),
    grant_id uuid references grants on delete cascade,
    attempt_id uuid references connect_attempts on delete cascade,
    token_version bigint,
    claim_epoch bigint,
    holder text not null,
    state text not null check (state in ('prepared', 'dispatched', 'answered', 'committed', 'released', 'unknown')),
    sent_fp bytea,
    prepared_at timestamptz not null default db_now(),
    dispatched_at timestamptz,
    answered_at timestamptz,
    committed_at timestamptz,
    http_status integer,
    error_code text,
    check ((grant_id is null) <> (attempt_id is null))
  );
  create index exchange_intents_of_grant on exchange_intents (grant_id, prepared_at desc);
  create index exchange_intents_of_attempt on exchange_intents (attempt_id) where attempt_id is not null;
  create index exchange_intents_by_age on exchange_intents (prepared_at);

  create table token_orphans (
    intent_id uuid primary key references exchange_intents on delete cascade,
    version bigint not null,
    sealed_pair bytea not null,
    dek_wrapped bytea not null,
    kek_id text not null,
    received_at timestamptz not null default db_now()
  );

  create table breakers (
    oauth_app_id uuid primary key references oauth_apps on delete cascade,
    state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
    opened_at timestamptz,
    probe_at timestamptz,
    window_ok integer not null default 0,
    window_perm integer not null default 0,
    window_temp integer not null default 0
  );

  -- Events: the history of accounts, and the outbox.
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
  create index outbox_dispatched on outbox (dispatched_at) where dispatched_at is not null;

  -- Repeatable requests. The body is stored as a hash; an answer that held a secret is stored as null.
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
  create index idempotency_keys_by_age on idempotency_keys (created_at);

  -- Used parts of rate limits. Unlogged, because each request writes it and a crash may lose it.
  create unlogged table rate_limits (
    key varchar(255) primary key,
    points integer not null default 0,
    expire bigint
  );

  -- Data deletions that platforms requested, and the indexes that find the app of a push.
  create table data_deletions (
    id uuid primary key,
    workspace_id uuid not null references workspaces,
    environment text not null check (environment in ('live', 'test')),
    oauth_app_id uuid references oauth_apps on delete set null,
    request_hash bytea not null,
    confirmation_code text not null unique,
    completed_at timestamptz not null default db_now()
  );
  create unique index data_deletions_once on data_deletions (oauth_app_id, request_hash);

  create index oauth_apps_by_client on oauth_apps (provider, client_id);
  create index connect_attempts_of_person on connect_attempts (platform_user_id, oauth_app_id) where platform_user_id is not null;
`;

const DOWN = `
  drop index connect_attempts_of_person, oauth_apps_by_client;
  drop table data_deletions;
  drop table rate_limits;
  drop table idempotency_keys;
  drop table outbox, account_events;
  drop table breakers, token_orphans, exchange_intents, account_tokens, accounts, grant_tokens, grants;
  drop function grants_version_only_grows();
  drop table attempt_secrets, connect_attempts;
  drop table oauth_app_secrets, oauth_apps, api_keys, projects, workspaces;
  drop function db_now();
`;

/** The first tables. */
export class Foundation implements MigrationInterface {
  readonly name = 'Foundation1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
