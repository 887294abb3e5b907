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

/**
 * `platformCode`: the platform's own error code, where it refused something. `revoke`: false where the platform has ended the
 * tokens already.
 */
export interface AttemptFailure {
  error: AttemptError;
  platformCode?: string | undefined;
  revoke?: boolean;
}

/** Fails an open attempt; its token set is destroyed here and revoked at the platform. */
@Injectable()
export class FailAttempt {
  constructor(
    private readonly database: Database,
    private readonly revokeLater: RevokeLater,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  async execute(attempt: AttemptRow, error: AttemptError, platformCode?: string): Promise<void> {
    const failed = await transaction(this.database.pool, async (tx) => {
      const result = await failAttemptIn(this.context, tx, attempt, { error, platformCode });
      // A consent that connects nothing may have taken Pages from the app that an earlier one had opened.
      if (result) await scheduleProbesNow(tx, { user: attempt }, { ownTokensOnly: true });
      return result;
    });
    this.revokeLater.execute(failed?.revocation);
  }
}

/**
 * Fails an open attempt in the caller's transaction, with its event. Returns the id of the stored revocation of its tokens;
 * undefined where the attempt was final already.
 */
export async function failAttemptIn(
  context: TokenContext,
  tx: Tx,
  attempt: AttemptRow,
  { error, platformCode, revoke = true }: AttemptFailure,
): Promise<{ revocation: string | undefined } | undefined> {
  const failed = await markAttemptFailed(tx, attempt.id, { error, platformCode });
  if (!failed) return undefined;
  const { workspaceId, environment, oauthAppId, provider } = attempt;
  const { userRef, platformUserId } = failed;
  await recordTenantEvent(tx, {
    workspaceId,
    environment,
    type: 'oauth_attempt.failed',
    data: { provider, error, ...(platformCode !== undefined && { code: platformCode }), user_ref: userRef },
    person: platformUserId === null ? undefined : { oauthAppId, platformUserId },
  });
  if (revoke) return { revocation: await discardAttempt(context, tx, attempt) };
  await context.vault.shredAttempt(tx, attempt.id);
  return { revocation: undefined };
}
