import type { MigrationInterface, QueryRunner } from 'typeorm';

const NEWEST = 'on accounts (workspace_id, environment, connected_at desc, id desc)';
const CELL = 'provider, health, connection_type, connected_at desc, id desc';

/**
 * Indexes for pages of accounts with several filters: a page reads the newest of each cell of `account_counts` from them, and
 * nothing else. They include the time of the next reauthorization, so that this filter needs no row either. The previous
 * release uses its own indexes, of which `accounts_newest` only grows by that time.
 */
export class AccountListIndexes implements MigrationInterface {
  readonly name = 'AccountListIndexes1796081930509';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index accounts_newest_of_cell on accounts (workspace_id, environment, ${CELL}) include (reauth_due_at);
      create index accounts_newest_of_project_cell on accounts (workspace_id, environment, project_id, ${CELL})
        include (reauth_due_at);
      drop index accounts_newest;
      create index accounts_newest ${NEWEST} include (reauth_due_at) where health <> 'disconnected'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index accounts_newest_of_cell, accounts_newest_of_project_cell, accounts_newest;
      create index accounts_newest ${NEWEST} where health <> 'disconnected'`);
  }
}
