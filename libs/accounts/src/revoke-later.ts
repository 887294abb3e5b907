import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '#observability';
import type { RevocableTokens, TokenExchange } from '#tokens';
import { TOKEN_EXCHANGE } from './injection.js';

/** Revokes at the platform what the database has destroyed already: best effort, and nobody waits for it. */
@Injectable()
export class RevokeLater {
  constructor(
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  execute(tokens: RevocableTokens | undefined): void {
    if (!tokens) return;
    this.exchange.revoke(tokens).catch((error: unknown) => {
      this.logger.warn({ err: error, provider: tokens.provider }, 'could not revoke at the platform');
    });
  }
}
