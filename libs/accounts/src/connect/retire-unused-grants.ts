import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import { Database, transaction } from '#persistence';
import { findUnusedGrants, retireGrant, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';

const MAX_GRANTS_PER_SWEEP = 1_000;

/**
 * Ends the grants that no connected account uses any more: their tokens are destroyed here and revoked at the platform. A
 * consent at another app leaves such a grant. Its transaction does not end the grant itself, because grants are locked before
 * accounts; where the process ends between the two, the sweep finds the grant.
 */
@Injectable()
export class RetireUnusedGrants {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Checks these grants. */
  async execute(grantIds: readonly string[]): Promise<void> {
    for (const id of grantIds) await this.retire(id);
  }

  /** Checks the grants without a connected account that the database finds. Returns how many there were. */
  async sweep(): Promise<number> {
    const found = await findUnusedGrants(this.database.pool, MAX_GRANTS_PER_SWEEP);
    await this.execute(found);
    return found.length;
  }

  /** A failure affects neither the consent that left the grant nor the other grants of a sweep. */
  private async retire(grantId: string): Promise<void> {
    try {
      this.revokeLater.execute(await transaction(this.database.pool, (tx) => retireGrant(this.context, tx, grantId)));
    } catch (error) {
      this.logger.error({ err: error, grant: grantId }, 'grant.not_retired');
    }
  }
}
