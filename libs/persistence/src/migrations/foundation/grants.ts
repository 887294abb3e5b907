import type { Part } from './part.js';

export const grants: Part = {
  up: `
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
    );`,
  down: `
    drop table breakers, token_orphans, exchange_intents, account_tokens, accounts, grant_tokens, grants;
    drop function grants_version_only_grows();`,
};
