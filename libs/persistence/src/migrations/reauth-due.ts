import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When an account needs its person again, on the account itself, so that a list can be sorted by it; and the links that are
 * sent to that person. The previous release writes neither: its changes reach the column with the next probe or refresh.
 */
export class ReauthDue implements MigrationInterface {
  readonly name = 'ReauthDue1796044127547';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table accounts add reauth_due_at timestamptz;
      update accounts set reauth_due_at = coalesce(grants.reauth_due_at, grants.access_expires_at) from grants
      where grants.id = accounts.grant_id and accounts.health <> 'disconnected' and (grants.reauth_due_at is not null
        or (not accounts.own_token and (grants.mode = 'none' or grants.oauth_app_id is null) and grants.access_expires_at is not null));
      create index accounts_by_reauth_due on accounts (workspace_id, environment, reauth_due_at, id)
        where reauth_due_at is not null;
      create table reauth_links (
        id uuid primary key,
        workspace_id uuid not null references workspaces,
        environment text not null check (environment in ('live', 'test')),
        account_id uuid not null references accounts on delete cascade,
        token_hash bytea not null unique,
        created_by text not null,
        return_url text,
        scopes text[],
        created_at timestamptz not null default db_now(),
        expires_at timestamptz not null
      );
      create index reauth_links_by_end on reauth_links (expires_at);
      create index reauth_links_of_account on reauth_links (account_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table reauth_links;
      drop index accounts_by_reauth_due;
      alter table accounts drop reauth_due_at`);
  }
}
