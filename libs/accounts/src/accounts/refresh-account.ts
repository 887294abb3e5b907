import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { Database, type Health, type Tenant } from '#persistence';
import type { RefreshOutcome, TokenExchange } from '#tokens';
import {
  accountNotFound,
  notRefreshable,
  oauthAppPaused,
  providerUnavailable,
  refreshRefused,
} from '../accounts.errors.js';
import { TOKEN_EXCHANGE } from '../injection.js';
import { within } from '../within.js';
import { GetAccount } from './get-account.js';

/** How long a caller waits; the exchange goes on when it is over. */
const PATIENCE = seconds(65);
const LATE: RefreshOutcome = { kind: 'unavailable', retryAfter: 60 };

/** A refresh that somebody asked for: it joins a running one, and answers with what is stored where nothing may be sent. */
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
    const outcome = await within(PATIENCE, this.exchange.refresh(grantId, { forced: true, patience: PATIENCE }), LATE);
    throwIfRefused(outcome);
    const { id, health, tokenExpiresAt } = await this.getAccount.execute(input);
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

function throwIfRefused(outcome: RefreshOutcome): void {
  if (outcome.kind === 'refused') throw refreshRefused();
  if (outcome.kind === 'not_refreshable') throw notRefreshable();
  if (outcome.kind === 'unavailable') throw providerUnavailable(outcome.retryAfter);
  if (outcome.kind === 'app_paused') throw oauthAppPaused(outcome.retryAfter);
}
