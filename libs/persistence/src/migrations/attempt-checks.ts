import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names the columns of the identity checks by the term of the code. The previous release does not use them. */
export class AttemptChecks implements MigrationInterface {
  readonly name = 'AttemptChecks1796054807085';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connect_attempts rename looks to checks');
    await runner.query('alter table connect_attempts rename look_due_at to check_due_at');
    await runner.query('alter table connect_attempts rename look_error to check_error');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table connect_attempts rename check_error to look_error');
    await runner.query('alter table connect_attempts rename check_due_at to look_due_at');
    await runner.query('alter table connect_attempts rename checks to looks');
  }
}
