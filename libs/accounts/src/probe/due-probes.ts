import { Injectable } from '@nestjs/common';
import { Database } from '#persistence';

/** Takes what is due, and puts it off for as long as a probe may take: of two sweeps one gets it. */
const TAKE_DUE = `
  update accounts set probe_due_at = db_now() + interval '10 minutes'
  where id in (
    select id from accounts where health <> 'disconnected' and probe_due_at <= db_now()
    order by probe_due_at limit $1 for update skip locked)
  returning id`;

/** The accounts whose turn it is to be probed. Costs what is due. */
@Injectable()
export class DueProbes {
  constructor(private readonly database: Database) {}

  async execute(limit: number): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>(TAKE_DUE, [limit]);
    return rows.map(({ id }) => id);
  }
}
