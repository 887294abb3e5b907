import type { MigrationInterface, QueryRunner } from 'typeorm';

/** In the case of the database, as `ilike` compares. A search contains no line break, so that it matches within one value only. */
const TEXT = `lower(concat_ws(E'\\n', account.handle, account.display_name,
    (select string_agg(entry.value, E'\\n') from jsonb_each_text(account.metadata) as entry)))`;

/** @param accounts a from clause with the alias `account` */
const rowsOf = (accounts: string): string => `
  insert into account_search (account_id, workspace_id, environment, connected_at, is_connected, text)
  select account.id, account.workspace_id, account.environment, account.connected_at, account.health <> 'disconnected', ${TEXT}
  from ${accounts}`;

/** @param row `old` or `new` */
const factsOf = (row: string): string =>
  `(${row}.workspace_id, ${row}.environment, ${row}.connected_at, ${row}.health = 'disconnected', ${row}.handle,
     ${row}.display_name, ${row}.metadata)`;

const TABLE = `
  create table account_search (
    account_id uuid primary key,
    workspace_id uuid not null,
    environment text not null check (environment in ('live', 'test')),
    connected_at timestamptz not null,
    is_connected boolean not null,
    text text not null
  );`;

const TRIGGERS = `
  create function add_search_texts() returns trigger language plpgsql as $$
  begin ${rowsOf('after_rows account')};
    return null;
  end $$;
  create function change_search_text() returns trigger language plpgsql as $$
  begin ${rowsOf('(select new.*) as account')}
    on conflict (account_id) do update set workspace_id = excluded.workspace_id, environment = excluded.environment,
      connected_at = excluded.connected_at, is_connected = excluded.is_connected, text = excluded.text;
    return null;
  end $$;
  create trigger accounts_searched_insert after insert on accounts referencing new table as after_rows
    for each statement execute function add_search_texts();
  create trigger accounts_searched_update after update on accounts
    for each row when (${factsOf('old')} is distinct from ${factsOf('new')}) execute function change_search_text();`;

/**
 * The trigram index. pg_trgm is part of PostgreSQL and may be created by the owner of a database. Without it, a search reads the
 * table, which is narrow. A schema of its own keeps the functions of the extension apart; one that the operator has created
 * elsewhere is used.
 */
const INDEX = `
  do $$
  declare
    place text;
  begin
    begin
      create schema if not exists evergrant_search;
      create extension if not exists pg_trgm schema evergrant_search;
    exception when insufficient_privilege or undefined_file or feature_not_supported then
      raise warning 'pg_trgm cannot be created (%): searches read all accounts of a workspace', sqlerrm;
    end;
    select space.nspname into place from pg_opclass class join pg_namespace space on space.oid = class.opcnamespace
    where class.opcname = 'gin_trgm_ops';
    if place is not null then
      execute format('create index account_search_text on account_search using gin (text %I.gin_trgm_ops)
        with (fastupdate = off)', place);
    end if;
  end $$;`;

/** The foreign key follows the rows: it is checked once, instead of for each row. */
const FILL = `${rowsOf('accounts account')};
  alter table account_search add foreign key (account_id) references accounts on delete cascade;`;

/**
 * What a search of accounts reads, in a table of its own: an index on `accounts` would be written with each change of a probe.
 * See docs/decisions/search-by-trigrams.md. The triggers also write what the previous release changes.
 */
export class AccountSearch implements MigrationInterface {
  readonly name = 'AccountSearch1796082500741';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE + TRIGGERS + FILL + INDEX);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger accounts_searched_insert on accounts;
      drop trigger accounts_searched_update on accounts;
      drop function add_search_texts, change_search_text;
      drop table account_search;
      drop schema if exists evergrant_search cascade`);
  }
}
