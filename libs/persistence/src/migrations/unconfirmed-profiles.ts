import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether the platform has yet to name the profile of supplied tokens. The previous release reads it from `probe_class` alone,
 * which another answer of the platform replaces.
 */
export class UnconfirmedProfiles implements MigrationInterface {
  readonly name = 'UnconfirmedProfiles1796055875081';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table accounts add profile_unconfirmed boolean not null default false;
      update accounts set profile_unconfirmed = true
      where health <> 'disconnected' and (probe_class = 'unverified' or probe_reason = 'profile_mismatch')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table accounts drop profile_unconfirmed');
  }
}
