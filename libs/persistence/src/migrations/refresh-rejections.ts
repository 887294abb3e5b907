import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * For how long a platform has refused the refreshes of a grant in words that no table lists, and when it last did. The
 * release before does not write the columns: while both run, the time counts a little less than it should.
 */
export class RefreshRejections implements MigrationInterface {
  readonly name = 'RefreshRejections1796018454408';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table grants add column rejected_seconds integer not null default 0, add column rejected_at timestamptz',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table grants drop column rejected_seconds, drop column rejected_at');
  }
}
