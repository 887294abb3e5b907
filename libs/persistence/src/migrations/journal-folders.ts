import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The folders of journals, each with a nonce of the latest start on it: a start finds out whether its folder is a copy or was
 * restored. The previous release neither reads nor writes the table.
 */
export class JournalFolders implements MigrationInterface {
  readonly name = 'JournalFolders1796094378682';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table journal_folders (
        id uuid primary key,
        nonce uuid not null,
        place text not null,
        started_at timestamptz not null default db_now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table journal_folders');
  }
}
