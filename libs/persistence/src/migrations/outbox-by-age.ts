import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sweep deletes events of the outbox by age, whether they were delivered or not. */
export class OutboxByAge implements MigrationInterface {
  readonly name = 'OutboxByAge1796043552791';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index outbox_by_age on outbox (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index outbox_by_age');
  }
}
