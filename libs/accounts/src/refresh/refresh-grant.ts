import { Inject, Injectable } from '@nestjs/common';
import type { RefreshOutcome, TokenExchange } from '#tokens';
import { TOKEN_EXCHANGE } from '../injection.js';

/** The refresh of a grant that is due. Safe to run twice: the second one finds nothing to do. */
@Injectable()
export class RefreshGrant {
  constructor(@Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange) {}

  execute(grantId: string): Promise<RefreshOutcome> {
    return this.exchange.refresh(grantId);
  }
}
