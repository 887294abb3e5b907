import { Injectable } from '@nestjs/common';
import type { Fact } from '#observability';
import { Database } from '#persistence';
import { databaseTime, operatingFacts } from '#tokens';

/** What operators watch and only the database knows: the numbers by health, state and age, and what the database's clock says. */
@Injectable()
export class OperatingFacts {
  constructor(private readonly database: Database) {}

  execute(): Promise<Fact[]> {
    return operatingFacts(this.database.pool);
  }

  /** Milliseconds since 1970 by the clock that decides. */
  clock(): Promise<number> {
    return databaseTime(this.database.pool);
  }
}
