import { Injectable } from '@nestjs/common';
import { Database } from '#persistence';
import { releaseExpiredClaims } from '#tokens';
import { APP_ROOM } from './app-room.js';
import { noteEndedTokens } from './ended-tokens.js';

export interface DueLimits {
  /** Of one app: what it may send until the next sweep. */
  perApp: number;
  all: number;
}

/**
 * Of each app what it has room for, unknown outcomes and then the soonest to end, and the workspaces in turn. Where a few ask
 * for all whether the app is well again, who has waited longest since he asked goes first, whatever is known of him and
 * whenever his token ends: else the same dead ones would be asked again and again, and keep the app shut. Grants that nothing
 * can refresh are only looked at, and need no room.
 */
const DUE = `
  with ${APP_ROOM}, due as (
    select grants.id, workspace_id, case when mode = 'none' then $1::int else coalesce(room, $1::int) end as room, unknown, since,
      row_number() over (partition by oauth_app_id, mode = 'none' order by unknown desc, since) as of_app
    from grants left join app_room on app_room.id = oauth_app_id
    cross join lateral (select
      refresh_state = 'unknown' and coalesce(room >= $1::int, true) as unknown,
      case when room < $1::int then refresh_due_at else access_expires_at end as since) as urgency
    where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at <= db_now()
      and (mode = 'none' or room is distinct from 0)
  ), turns as (
    select id, unknown, since, row_number() over (partition by workspace_id order by unknown desc, since) as turn
    from due where of_app <= room
  )
  select id from turns order by unknown desc, turn, since limit $2`;

/** The grants that are due and whose app may be asked, after taking over claims whose holder is gone. Costs what is due. */
@Injectable()
export class DueGrants {
  constructor(private readonly database: Database) {}

  async execute({ perApp, all }: DueLimits): Promise<string[]> {
    const { pool } = this.database;
    await releaseExpiredClaims(pool);
    await noteEndedTokens(pool);
    const { rows } = await pool.query<{ id: string }>(DUE, [perApp, all]);
    return rows.map(({ id }) => id);
  }
}
