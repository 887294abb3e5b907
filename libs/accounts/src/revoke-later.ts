import { Inject, Injectable } from '@nestjs/common';
import type { TokenExchange } from '#tokens';
import { TOKEN_EXCHANGE } from './injection.js';

/** Makes the exchanger send stored revocations at once, after their transaction. It also finds those that no process requests. */
@Injectable()
export class RevokeLater {
  constructor(@Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange) {}

  execute(...revocationIds: (string | undefined)[]): void {
    for (const id of revocationIds) if (id !== undefined) void this.exchange.revoke(id);
  }
}
