import { Injectable } from '@nestjs/common';
import type { AttemptRow, Tx } from '#persistence';
import { attemptNotSelectable, invalidField, providerUnavailable } from '../accounts.errors.js';
import { FinishAttempt } from './finish-attempt.js';
import { type AttemptRecord, ReadAttempt, type ReadAttemptInput, recordOf } from './read-attempt.js';

export interface SelectAccountsInput extends ReadAttemptInput {
  platformAccountIds: string[];
  /** Runs in the transaction that stores the accounts. */
  alongside?: (tx: Tx, completed: AttemptRecord) => Promise<void>;
}

/** Finishes an attempt with the candidates that the caller selected. */
@Injectable()
export class SelectAccounts {
  constructor(
    private readonly readAttempt: ReadAttempt,
    private readonly finish: FinishAttempt,
  ) {}

  /**
   * Throws attempt.not_found, attempt.not_selectable, validation.failed for an id that is no eligible candidate, and
   * provider.unavailable where the platform did not answer, or refused the tokens once: the attempt still waits.
   */
  async execute(input: SelectAccountsInput): Promise<AttemptRecord> {
    const attempt = await this.readAttempt.find(input);
    if (attempt.status !== 'selection_required' || attempt.expired) throw attemptNotSelectable();
    checkChoice(attempt, input.platformAccountIds);
    const finished = await this.finish.execute(attempt.id, {
      selected: input.platformAccountIds,
      alongside: (tx, accountIds) => keepCompleted(input, tx, attempt, accountIds),
    });
    if (finished.kind === 'later') throw providerUnavailable(RETRY_SECONDS);
    return this.readAttempt.execute(input);
  }
}

/** What a client waits before it decides again, where the platform did not answer. */
export const RETRY_SECONDS = 5;

/** Hands the completed attempt to the caller's transaction. */
export async function keepCompleted(
  { state, alongside }: Pick<SelectAccountsInput, 'state' | 'alongside'>,
  tx: Tx,
  attempt: AttemptRow,
  accountIds: string[],
): Promise<void> {
  await alongside?.(tx, recordOf(attempt, state, { status: 'completed', error: null, accountIds }));
}

function checkChoice({ candidates }: AttemptRow, chosen: readonly string[]): void {
  const eligible = new Set(
    candidates?.filter((candidate) => candidate.eligible).map(({ platformAccountId }) => platformAccountId),
  );
  const wrong = chosen.findIndex((id) => !eligible.has(id));
  if (wrong >= 0) throw invalidField(`platform_account_ids.${wrong}`, 'is no eligible candidate of this attempt');
  if (chosen.length === 0) throw invalidField('platform_account_ids', 'must have at least one entry');
}
