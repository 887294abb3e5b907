import { Injectable } from '@nestjs/common';
import { claimDueProbes, Database } from '#persistence';

/** The accounts whose turn it is to be probed. Costs what is due. */
@Injectable()
export class DueProbes {
  constructor(private readonly database: Database) {}

  execute(limit: number): Promise<string[]> {
    return claimDueProbes(this.database.pool, limit);
  }
}
