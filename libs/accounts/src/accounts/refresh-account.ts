import { Inject, Injectable } from '@nestjs/common';
import { seconds, withTimeout } from '#config';
import { Database, type Health, type Tenant } from '#persistence';
import type { RefreshOutcome, TokenExchange } from '#tokens';
import { accountNotFound, refreshRefused, throwIfRefused } from '../accounts.errors.js';
import { TOKEN_EXCHANGE } from '../injection.js';
import { GetAccount } from './get-account.js';

/** How long a caller waits; the exchange continues afterwards. */
const CALLER_TIMEOUT = seconds(65);
const RETRY_AFTER_SECONDS = 60;

/** Refreshes an account at a caller's request. Joins a running refresh; returns the stored state where nothing may be sent. */
@Injectable()
export class RefreshAccount {
  constructor(
    private readonly database: Database,
    private readonly getAccount: GetAccount,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
  ) {}

  async execute(input: {
    tenant: Tenant;
    id: string;
  }): Promise<{ id: string; health: Health; tokenExpiresAt: Date | null }> {
    const grantId = await this.grantOf(input);
    const outcome = await withTimeout<RefreshOutcome>(
      this.exchange.refresh(grantId, { forced: true, maxWait: CALLER_TIMEOUT }),
      CALLER_TIMEOUT,
      () => ({ kind: 'unavailable', retryAfter: RETRY_AFTER_SECONDS }),
    );
    throwIfRefused(outcome);
    const { id, health, tokenExpiresAt } = await this.getAccount.execute(input);
    // A notice of the platform or a disconnect may have ended the grant while the answer was on its way.
    if (health === 'disconnected') throw accountNotFound();
    if (health === 'needs_reauth') throw refreshRefused();
    return { id, health, tokenExpiresAt };
  }

  private async grantOf({ tenant, id }: { tenant: Tenant; id: string }): Promise<string> {
    const { rows } = await this.database.pool.query<{ grantId: string }>(
      `select grant_id as "grantId" from accounts
       where workspace_id = $1 and environment = $2 and id = $3 and health <> 'disconnected'`,
      [tenant.workspaceId, tenant.environment, id],
    );
    if (!rows[0]) throw accountNotFound();
    return rows[0].grantId;
  }
}
