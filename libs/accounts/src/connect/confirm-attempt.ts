import { Inject, Injectable } from '@nestjs/common';
import { digest, sameDigest } from '#crypto';
import { LOGGER, type Logger } from '#observability';
import type { AttemptRow } from '#persistence';
import { attemptNotConfirmable, confirmationMismatch, providerUnavailable } from '../accounts.errors.js';
import { FailAttempt } from './fail-attempt.js';
import { FinishAttempt } from './finish-attempt.js';
import { type AttemptRecord, ReadAttempt } from './read-attempt.js';
import { keepCompleted, RETRY_SECONDS, type SelectAccountsInput } from './select-accounts.js';

export interface ConfirmAttemptInput extends Omit<SelectAccountsInput, 'platformAccountIds'> {
  /** What the browser brought to the return URL. */
  connectToken: string;
  /** The caller's own id of the user whose session that browser has. */
  userRef: string;
}

/**
 * Confirms that the returned browser belongs to the user named at the start. Without this check, a victim can finish a flow
 * that an attacker started, and the victim's account is connected to the attacker's user (cross-user session fixation).
 */
@Injectable()
export class ConfirmAttempt {
  constructor(
    private readonly readAttempt: ReadAttempt,
    private readonly finish: FinishAttempt,
    private readonly failAttempt: FailAttempt,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Throws attempt.not_found, attempt.not_confirmable, attempt.confirmation_mismatch (the tokens are destroyed and revoked
   * then), and provider.unavailable where the platform did not answer, or refused the tokens once: the attempt still waits.
   */
  async execute(input: ConfirmAttemptInput): Promise<AttemptRecord> {
    const attempt = await this.readAttempt.find(input);
    if (attempt.status !== 'confirmation_required' || attempt.expired) throw attemptNotConfirmable();
    const mismatch = findMismatch(attempt, input);
    if (mismatch) return this.refuse(attempt, mismatch);
    const finished = await this.finish.execute(attempt.id, {
      isConfirmed: true,
      alongside: (tx, accountIds) => keepCompleted(input, tx, attempt, accountIds),
    });
    if (finished.kind === 'later') throw providerUnavailable(RETRY_SECONDS);
    return this.readAttempt.execute(input);
  }

  private async refuse(attempt: AttemptRow, field: string): Promise<never> {
    this.logger.warn({ attempt: attempt.id, field }, 'attempt.confirmation_mismatch');
    await this.failAttempt.execute(attempt, 'state_expired');
    throw confirmationMismatch(field);
  }
}

function findMismatch(
  { connectTokenHash, userRef, surface }: AttemptRow,
  input: ConfirmAttemptInput,
): 'connect_token' | 'user_ref' | undefined {
  const isToken = connectTokenHash !== null && sameDigest(connectTokenHash, digest(input.connectToken));
  if (!isToken) return 'connect_token';
  const namesNoUser = surface === 'projects' && userRef === null;
  return namesNoUser || userRef === input.userRef ? undefined : 'user_ref';
}
