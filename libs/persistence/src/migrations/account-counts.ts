import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Stands for all projects of a tenant. */
const ALL_PROJECTS = "'00000000-0000-0000-0000-000000000000'::uuid";

/** What accounts are counted by. */
const CELL = 'workspace_id, environment, provider, connection_type, health, has_reauth_due';
const CELLS = `grouping sets ((${CELL}, project_id), (${CELL}))`;
const FACTS = `workspace_id, environment, project_id, provider, connection_type, health, reauth_due_at is not null as has_reauth_due`;

/** `old` or `new`, as a row of a trigger. */
const cellOf = (row: string): string =>
  `(${row}.workspace_id, ${row}.environment, ${row}.project_id, ${row}.provider, ${row}.connection_type, ${row}.health,
     ${row}.reauth_due_at is null)`;

const TABLE = `
  create table account_counts (
    id bigint generated always as identity primary key,
    workspace_id uuid not null references workspaces on delete cascade,
    environment text not null check (environment in ('live', 'test')),
    project_id uuid not null,
    provider text not null,
    connection_type text not null,
    health text not null,
    has_reauth_due boolean not null,
    accounts bigint not null
  ) with (fillfactor = 50);
  create index account_counts_of_cell on account_counts
    (workspace_id, environment, project_id, provider, health, connection_type, has_reauth_due);`;

/**
 * A cell has several rows, whose sum counts. A transaction changes a row that no other transaction holds, and adds one where
 * there is none: it never waits. Above READ COMMITTED, a row that was changed meanwhile would be a serialization failure: such
 * a transaction adds rows.
 */
const ADD = `
  create function add_to_account_count(cell account_counts) returns void language plpgsql as $$
  declare
    free bigint;
    left_over bigint;
  begin
    if current_setting('transaction_isolation') = 'read committed' then
      select c.id into free from account_counts c
      where c.workspace_id = cell.workspace_id and c.environment = cell.environment and c.project_id = cell.project_id
        and c.provider = cell.provider and c.health = cell.health and c.connection_type = cell.connection_type
        and c.has_reauth_due = cell.has_reauth_due
      limit 1 for update skip locked;
    end if;
    if free is null then
      insert into account_counts (${CELL}, project_id, accounts)
      values (cell.workspace_id, cell.environment, cell.provider, cell.connection_type, cell.health, cell.has_reauth_due,
        cell.project_id, cell.accounts);
      return;
    end if;
    update account_counts set accounts = accounts + cell.accounts where id = free returning accounts into left_over;
    if left_over = 0 then
      delete from account_counts where id = free;
    end if;
  end $$;`;

/** @param changed rows with a column `change` */
const addAll = (changed: string): string => `
  perform add_to_account_count(row(null, workspace_id, environment, coalesce(project_id, ${ALL_PROJECTS}), provider, connection_type,
    health, has_reauth_due, change)::account_counts)
  from (
    select ${CELL}, project_id, sum(change)::bigint as change from (${changed}) as changed group by ${CELLS} having sum(change) <> 0
  ) as cells;`;
const ADDED = `select ${FACTS}, 1 as change from after_rows`;
const REMOVED = `select ${FACTS}, -1 as change from before_rows`;

/**
 * The counts are taken once for a statement, from the rows that it changed. A trigger with these rows cannot be limited to some
 * columns, and its query would cost each update of a probe half as much again: a trigger of the row, which PostgreSQL skips by
 * its condition, notes that a cell has changed.
 */
const TRIGGERS = `
  create function count_added_accounts() returns trigger language plpgsql as $$
  begin ${addAll(ADDED)}
    return null;
  end $$;
  create function count_removed_accounts() returns trigger language plpgsql as $$
  begin ${addAll(REMOVED)}
    return null;
  end $$;
  create function count_moved_accounts() returns trigger language plpgsql as $$
  begin ${addAll(`${ADDED} union all ${REMOVED}`)}
    perform set_config('evergrant.cells_changed', '', true);
    return null;
  end $$;
  create function note_changed_cell() returns trigger language plpgsql as $$
  begin
    perform set_config('evergrant.cells_changed', 'yes', true);
    return new;
  end $$;
  create function forget_account_counts() returns trigger language plpgsql as $$
  begin
    delete from account_counts;
    return null;
  end $$;
  create trigger accounts_counted_insert after insert on accounts referencing new table as after_rows
    for each statement execute function count_added_accounts();
  create trigger accounts_counted_delete after delete on accounts referencing old table as before_rows
    for each statement execute function count_removed_accounts();
  create trigger accounts_cell_changed before update on accounts
    for each row when (${cellOf('old')} is distinct from ${cellOf('new')}) execute function note_changed_cell();
  create trigger accounts_counted_update after update on accounts referencing old table as before_rows new table as after_rows
    for each statement when (current_setting('evergrant.cells_changed', true) = 'yes') execute function count_moved_accounts();
  create trigger accounts_counted_truncate after truncate on accounts
    for each statement execute function forget_account_counts();`;

/** The triggers hold off other writers until the end of the transaction, so no change is missed. */
const FILL = `
  insert into account_counts (${CELL}, project_id, accounts)
  select ${CELL}, coalesce(project_id, ${ALL_PROJECTS}), count(*) from (select ${FACTS} from accounts) as facts
  group by ${CELLS};`;

/**
 * Counts of accounts, so that the total of a list costs nothing; see docs/decisions/maintained-counts.md. The triggers count what
 * the previous release writes, too.
 */
export class AccountCounts implements MigrationInterface {
  readonly name = 'AccountCounts1796081305953';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE + ADD + TRIGGERS + FILL);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger accounts_counted_insert on accounts;
      drop trigger accounts_counted_delete on accounts;
      drop trigger accounts_cell_changed on accounts;
      drop trigger accounts_counted_update on accounts;
      drop trigger accounts_counted_truncate on accounts;
      drop function count_added_accounts, count_removed_accounts, count_moved_accounts, note_changed_cell, forget_account_counts;
      drop function add_to_account_count;
      drop table account_counts`);
  }
}
