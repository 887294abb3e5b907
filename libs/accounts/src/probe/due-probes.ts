import { Inject, Injectable } from '@nestjs/common';
import { claimDueProbes, Database } from '#persistence';
import { probeAccount, type ProbeOutcome, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';

/** The probes that are due: the sweep claims them, and a job performs each. */
@Injectable()
export class DueProbes {
  constructor(
    private readonly database: Database,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Claims at most `limit` accounts. Costs what is due, not what exists. */
  claim(limit: number): Promise<string[]> {
    return claimDueProbes(this.database.pool, limit);
  }

  /** Probes one account at its platform and stores the result; health follows. */
  probe(accountId: string): Promise<ProbeOutcome> {
    return probeAccount(this.context, accountId);
  }
}
