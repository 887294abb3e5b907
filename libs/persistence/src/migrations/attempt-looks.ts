import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the next identity check of an attempt is due. The previous release checks every minute, and still may. */
export class AttemptLooks implements MigrationInterface {
  readonly name = 'AttemptLooks1796017735466';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table connect_attempts add looks int not null default 0, add look_due_at timestamptz, add look_error text;
      create index connect_attempts_waiting on connect_attempts (oauth_app_id, exchanged_at) where status in ('exchanged', 'selection_required')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index connect_attempts_waiting;
      alter table connect_attempts drop looks, drop look_due_at, drop look_error`);
  }
}
