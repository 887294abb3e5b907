import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The master keys that processes have used, and the processes that hold them now. The previous release neither reads nor writes
 * the tables: its processes hold keys without a row.
 */
export class MasterKeyHolders implements MigrationInterface {
  readonly name = 'MasterKeyHolders1796046379301';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table master_keys (
        id text primary key,
        canary bytea not null,
        made_at timestamptz not null default db_now(),
        first_sealed_at timestamptz,
        last_sealed_at timestamptz,
        retired_at timestamptz
      );
      create table master_key_holders (
        id text primary key,
        process text not null,
        key_ids text[] not null,
        journal jsonb,
        seen_at timestamptz not null default db_now()
      );`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table master_keys, master_key_holders');
  }
}
