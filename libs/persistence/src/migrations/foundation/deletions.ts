import type { Part } from './part.js';

/** What platforms asked us to destroy, for the person who asks whether it was; and the way to the app that a push names. */
export const deletions: Part = {
  up: `
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
    create index connect_attempts_of_person on connect_attempts (platform_user_id, oauth_app_id) where platform_user_id is not null;`,
  down: `
    drop index connect_attempts_of_person, oauth_apps_by_client;
    drop table data_deletions;`,
};
