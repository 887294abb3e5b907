import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which kind of endpoint has put an app into its status. Null: not known; then a success at either kind ends the status. The
 * previous release neither writes nor reads the column.
 */
export class AppStatusSources implements MigrationInterface {
  readonly name = 'AppStatusSources1796026639324';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table oauth_apps add status_source text check (status_source in ('token', 'api'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table oauth_apps drop status_source');
  }
}
