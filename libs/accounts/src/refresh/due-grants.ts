import { Injectable } from '@nestjs/common';
import { Database } from '#persistence';
import { recoverClaims } from '#tokens';

const DUE = `
  select id from grants
  where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at <= db_now()
  order by refresh_state = 'unknown' desc, refresh_due_at limit $1`;

/** The grants that are due, unknown outcomes first, after taking over claims whose holder is gone. Costs what is due. */
@Injectable()
export class DueGrants {
  constructor(private readonly database: Database) {}

  async execute(limit: number): Promise<string[]> {
    await recoverClaims(this.database.pool);
    const { rows } = await this.database.pool.query<{ id: string }>(DUE, [limit]);
    return rows.map(({ id }) => id);
  }
}
