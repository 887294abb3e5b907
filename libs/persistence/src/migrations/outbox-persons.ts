import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The person whom an event without an account is about, so that a deletion of the person's data finds it. */
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
