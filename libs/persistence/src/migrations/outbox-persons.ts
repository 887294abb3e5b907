import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The platform's user in an event without an account, so that a deletion of that user's data finds the event. */
export class OutboxPersons implements MigrationInterface {
  readonly name = 'OutboxPersons1796052369763';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table outbox add oauth_app_id uuid, add platform_user_id text;
      create index outbox_by_person on outbox (oauth_app_id, platform_user_id) where platform_user_id is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table outbox drop oauth_app_id, drop platform_user_id');
  }
}
