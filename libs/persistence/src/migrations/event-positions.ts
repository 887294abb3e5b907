import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The order of the event feed. A position is drawn at the insert, so that the positions of an account's events follow their
 * numbers; but a transaction with a lower position may commit later. Each transaction that draws one therefore holds, until it
 * ends, a shared advisory lock whose key is the last position drawn before its own. No row at or below the lowest such key can
 * still appear: a reader goes as far as there and misses nothing. Keys begin with the bits 01, other locks of ours with a hash.
 */
const UP = `
  create sequence event_positions minvalue 0 start 0;
  select nextval('event_positions');

  create function next_event_position() returns bigint language plpgsql as $$
  declare
    last_drawn bigint;
  begin
    if coalesce(current_setting('evergrant.positions_after', true), '') = '' then
      last_drawn := pg_sequence_last_value('event_positions');
      perform pg_advisory_xact_lock_shared((1::bigint << 62) | last_drawn);
      perform set_config('evergrant.positions_after', last_drawn::text, true);
    end if;
    return nextval('event_positions');
  end $$;

  -- The sequence is read before the locks: what is drawn later is higher.
  create function settled_event_position() returns bigint language plpgsql as $$
  declare
    last_drawn bigint := pg_sequence_last_value('event_positions');
    lowest_open bigint;
  begin
    select min(((classid::bigint - (1::bigint << 30)) << 32) | objid::bigint) into lowest_open
    from pg_locks
    where locktype = 'advisory' and objsubid = 1 and classid::bigint >> 30 = 1
      and database = (select oid from pg_database where datname = current_database());
    return least(last_drawn, lowest_open);
  end $$;

  alter table outbox add column position bigint;
  with numbered as (
    select id, row_number() over (order by created_at, sequence, id) as number from outbox
  )
  update outbox set position = numbered.number from numbered where numbered.id = outbox.id;
  select setval('event_positions', (select coalesce(max(position), 0) from outbox));
  alter table outbox alter column position set default next_event_position(), alter column position set not null;
  create unique index outbox_in_order on outbox (workspace_id, environment, position);
  create index outbox_of_account on outbox (account_id, position) where account_id is not null`;

const DOWN = `
  alter table outbox drop column position;
  drop function settled_event_position();
  drop function next_event_position();
  drop sequence event_positions`;

export class EventPositions implements MigrationInterface {
  readonly name = 'EventPositions1796080179535';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
