import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Revocations that the platform has not answered yet, with their tokens sealed beside them. The previous release does not
 * read the tables: while both run, its processes revoke at once or not at all, as before.
 */
export class PendingRevocations implements MigrationInterface {
  readonly name = 'PendingRevocations1796026363518';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table pending_revocations (
        id uuid primary key,
        workspace_id uuid not null references workspaces,
        environment text not null check (environment in ('live', 'test')),
        provider text not null,
        oauth_app_id uuid references oauth_apps on delete set null,
        client_id text not null,
        platform_user_id text,
        tries integer not null default 0,
        last_outcome text,
        due_at timestamptz not null default db_now(),
        ends_at timestamptz not null,
        created_at timestamptz not null default db_now()
      );
      create index pending_revocations_due on pending_revocations (due_at);
      create index pending_revocations_of_app on pending_revocations (oauth_app_id);

      create table revocation_tokens (
        revocation_id uuid primary key references pending_revocations on delete cascade,
        version bigint not null,
        sealed_pair bytea not null,
        sealed_client_secret bytea,
        dek_wrapped bytea not null,
        kek_id text not null
      );`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table revocation_tokens, pending_revocations');
  }
}
