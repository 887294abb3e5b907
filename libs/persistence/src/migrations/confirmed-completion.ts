import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Attempts that wait for the confirmation of the backend that started them. The previous release refuses apps with
 * `completion: "confirm"` and starts no such attempt.
 */
export class ConfirmedCompletion implements MigrationInterface {
  readonly name = 'ConfirmedCompletion1796039100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table connect_attempts
        add completion text not null default 'immediate' check (completion in ('immediate', 'confirm')),
        add connect_token_hash bytea,
        add chosen_profiles text[],
        drop constraint connect_attempts_status_check,
        add constraint connect_attempts_status_check check (
          status in ('pending', 'exchanged', 'selection_required', 'confirmation_required', 'completed', 'failed'));
      drop index connect_attempts_open;
      create index connect_attempts_open on connect_attempts (expires_at)
        where status in ('pending', 'exchanged', 'selection_required', 'confirmation_required');
      drop index connect_attempts_waiting;
      create index connect_attempts_waiting on connect_attempts (oauth_app_id, exchanged_at)
        where status in ('exchanged', 'selection_required', 'confirmation_required')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      update connect_attempts set status = 'selection_required', expires_at = db_now() where status = 'confirmation_required';
      drop index connect_attempts_waiting;
      create index connect_attempts_waiting on connect_attempts (oauth_app_id, exchanged_at)
        where status in ('exchanged', 'selection_required');
      drop index connect_attempts_open;
      create index connect_attempts_open on connect_attempts (expires_at)
        where status in ('pending', 'exchanged', 'selection_required');
      alter table connect_attempts
        drop constraint connect_attempts_status_check,
        add constraint connect_attempts_status_check check (
          status in ('pending', 'exchanged', 'selection_required', 'completed', 'failed')),
        drop completion, drop connect_token_hash, drop chosen_profiles;
      update oauth_apps set completion = 'immediate'`);
  }
}
