import { Inject, Injectable } from '@nestjs/common';
import {
  type AttemptError,
  type AttemptRow,
  Database,
  markAttemptFailed,
  recordTenantEvent,
  scheduleProbesNow,
  transaction,
  type Tx,
} from '#persistence';
import { discardAttempt, type TokenContext } from '#tokens';
import { TOKEN_CONTEXT } from '../injection.js';
import { RevokeLater } from '../revoke-later.js';

/** Ends an open attempt: what was sealed in it is destroyed and revoked, its event goes out. */
@Injectable()
export class FailAttempt {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** `code`: the platform's own, where it refused something; for people who look into it. */
  async execute(attempt: AttemptRow, error: AttemptError, code?: string): Promise<void> {
    this.revokeLater.execute(await transaction(this.database.pool, (tx) => this.fail(tx, attempt, { error, code })));
  }

  private async fail(
    tx: Tx,
    attempt: AttemptRow,
    { error, code }: { error: AttemptError; code: string | undefined },
  ): Promise<string | undefined> {
    if (!(await markAttemptFailed(tx, attempt.id, error))) return undefined;
    const data = { provider: attempt.provider, error, ...(code !== undefined && { code }), user_ref: attempt.userRef };
    await recordTenantEvent(tx, attempt, 'oauth_attempt.failed', data);
    // A consent that connects nothing may have taken Pages from the app that an earlier one had opened.
    await scheduleProbesNow(tx, { user: attempt }, { ownTokensOnly: true });
    return discardAttempt(this.context, tx, attempt);
  }
}
