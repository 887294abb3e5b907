import { Inject, Injectable } from '@nestjs/common';
import type { Tenant } from '#persistence';
import { openUsableToken, type TokenContext, type TokenExchange, type UsableToken } from '#tokens';
import {
  accountLeased,
  accountNeedsReauth,
  accountNotFound,
  accountSealBroken,
  providerUnavailable,
  throwIfRefused,
} from '../accounts.errors.js';
import { TOKEN_CONTEXT, TOKEN_EXCHANGE } from '../injection.js';

const RETRY_AFTER_SECONDS = 60;

export interface UsableTokenInput {
  tenant: Tenant;
  id: string;
  /** Seconds that the token should still be valid for. */
  minTtl: number;
  /** Milliseconds to wait for a refresh where the token has ended. */
  maxWait: number;
}

/** The token of an account for one use on behalf of a caller. */
@Injectable()
export class UsableTokens {
  constructor(
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
  ) {}

  /** Throws account.not_found, account.leased, account.needs_reauth, account.seal_broken, and, where the token has ended, what a refresh throws. */
  async open({ tenant, ...request }: UsableTokenInput): Promise<UsableToken> {
    const outcome = await openUsableToken(this.context, this.exchange, { ...tenant, ...request });
    if (outcome.kind === 'usable') return outcome.token;
    if (outcome.kind === 'not_found') throw accountNotFound();
    if (outcome.kind === 'leased') throw accountLeased();
    if (outcome.kind === 'needs_reauth') throw accountNeedsReauth();
    if (outcome.kind === 'seal_broken') throw accountSealBroken();
    throwIfRefused(outcome.refresh);
    // The refresh succeeded, and its token has ended by now.
    throw providerUnavailable(RETRY_AFTER_SECONDS);
  }
}
