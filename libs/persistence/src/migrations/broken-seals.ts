import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The sealed rows that did not open. The release before neither adds nor removes any; the sweep of this one removes them. */
export class BrokenSeals implements MigrationInterface {
  readonly name = 'BrokenSeals1796057581426';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table broken_seals (
        owner_id uuid not null,
        table_name text not null,
        noticed_at timestamptz not null default db_now(),
        checked_at timestamptz not null default db_now(),
        primary key (owner_id, table_name)
      );
      create index accounts_seal_broken on accounts (grant_id) where health_reason = 'seal_broken'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index accounts_seal_broken; drop table broken_seals');
  }
}
