import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Projects that can be deleted, attempts that are started through the projects surface, and since when an account has its
 * health. The previous release writes neither: its attempts belong to the accounts surface, and its changes of a health keep
 * the earlier time.
 */
export class ProjectsSurface implements MigrationInterface {
  readonly name = 'ProjectsSurface1796056478000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table projects add deleted_at timestamptz;
      create index projects_newest on projects (workspace_id, environment, created_at desc, id desc) where deleted_at is null;
      alter table connect_attempts add surface text not null default 'accounts' check (surface in ('accounts', 'projects'));
      alter table connect_attempts add usage_note text;
      create index connect_attempts_open_of_project on connect_attempts (project_id) where status not in ('completed', 'failed');
      alter table accounts add health_since timestamptz not null default db_now();
      update accounts set health_since = coalesce(
        (select max(created_at) from account_events where account_id = accounts.id and type = 'account.health_changed'),
        connected_at)
      where health not in ('active', 'disconnected');
      create index accounts_to_act_on on accounts (workspace_id, environment, project_id, health_since, id)
        where health not in ('active', 'disconnected')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index accounts_to_act_on;
      alter table accounts drop health_since;
      drop index connect_attempts_open_of_project;
      alter table connect_attempts drop usage_note, drop surface;
      drop index projects_newest;
      alter table projects drop deleted_at`);
  }
}
