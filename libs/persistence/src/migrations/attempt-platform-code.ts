import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The code with which a platform refused an attempt. The release before neither writes nor reads the column. */
export class AttemptPlatformCode implements MigrationInterface {
  readonly name = 'AttemptPlatformCode1796065700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connect_attempts add column platform_code text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connect_attempts drop column platform_code');
  }
}
