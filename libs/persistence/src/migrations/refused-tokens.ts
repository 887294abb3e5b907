import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When the API of a platform refused access tokens of an account, each issued after the refusal before. The release before
 * does not write the column: an account that it connects again keeps its refusals until the next accepted probe.
 */
export class RefusedTokens implements MigrationInterface {
  readonly name = 'RefusedTokens1796057480986';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table accounts add column probe_refused_at timestamptz[] not null default '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table accounts drop column probe_refused_at');
  }
}
