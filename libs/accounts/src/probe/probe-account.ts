import { Inject, Injectable } from '@nestjs/common';
import { probeAccount, type ProbeOutcome, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';

/** Asks the platform how one account is; what it says is stored, and health follows. */
@Injectable()
export class ProbeAccount {
  constructor(@Inject(TOKEN_CONTEXT) private readonly context: TokenContext) {}

  execute(accountId: string): Promise<ProbeOutcome> {
    return probeAccount(this.context, accountId);
  }
}
