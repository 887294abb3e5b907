import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Consents are ordered by a sequence instead of a clock. A process of the release before draws no number: such a consent gets
 * one when it is stored.
 */
export class ConsentOrder implements MigrationInterface {
  readonly name = 'ConsentOrder1796069357105';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create sequence consent_sequence');
    await runner.query('alter table connect_attempts add column consent_sequence bigint');
    await runner.query('alter table grants add column consent_sequence bigint not null default 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table grants drop column consent_sequence');
    await runner.query('alter table connect_attempts drop column consent_sequence');
    await runner.query('drop sequence consent_sequence');
  }
}
