import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a lease request was closed, and when an account was taken out of the pool. The previous release has no pool; while it runs
 * again, neither changes.
 */
export class LeaseClosings implements MigrationInterface {
  readonly name = 'LeaseClosings1796070600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table pool_accounts add column removed_at timestamptz;
      alter table lease_requests add column closed_at timestamptz;
      update lease_requests set closed_at = db_now() where status in ('assigned', 'rejected');
      create index lease_requests_open on lease_requests (project_id) where closed_at is null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index lease_requests_open;
      alter table lease_requests drop column closed_at;
      alter table pool_accounts drop column removed_at`);
  }
}
