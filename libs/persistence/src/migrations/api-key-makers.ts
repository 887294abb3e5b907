import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which key made a key, so that both end together. Keys from before this migration have no maker on record. The release
 * before does not have the column: what its processes make while both run has no maker either.
 */
export class ApiKeyMakers implements MigrationInterface {
  readonly name = 'ApiKeyMakers1796016100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table api_keys add column created_by uuid references api_keys on delete cascade;
      create index api_keys_by_maker on api_keys (created_by) where created_by is not null;`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table api_keys drop column created_by');
  }
}
