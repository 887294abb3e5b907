import { Injectable } from '@nestjs/common';
import type { AttemptRow } from '#persistence';
import { attemptNotSelectable, invalidField } from '../accounts.errors.js';
import { FinishAttempt } from './finish-attempt.js';
import { type AttemptRecord, ReadAttempt, type ReadAttemptInput } from './read-attempt.js';

export interface SelectAccountsInput extends ReadAttemptInput {
  platformAccountIds: string[];
}

/** Finishes an attempt with the candidates that the caller selected. */
@Injectable()
export class SelectAccounts {
  constructor(
    private readonly readAttempt: ReadAttempt,
    private readonly finish: FinishAttempt,
  ) {}

  /** Throws attempt.not_found, attempt.not_selectable, and validation.failed for an id that is no eligible candidate. */
  async execute(input: SelectAccountsInput): Promise<AttemptRecord> {
    const attempt = await this.readAttempt.find(input);
    if (attempt.status !== 'selection_required' || attempt.expired) throw attemptNotSelectable();
    checkChoice(attempt, input.platformAccountIds);
    await this.finish.execute(attempt.id, input.platformAccountIds);
    return this.readAttempt.execute(input);
  }
}

function checkChoice({ candidates }: AttemptRow, chosen: readonly string[]): void {
  const eligible = new Set(
    candidates?.filter((candidate) => candidate.eligible).map(({ platformAccountId }) => platformAccountId),
  );
  const wrong = chosen.findIndex((id) => !eligible.has(id));
  if (wrong >= 0) throw invalidField(`platform_account_ids.${wrong}`, 'is no eligible candidate of this attempt');
  if (chosen.length === 0) throw invalidField('platform_account_ids', 'must have at least one entry');
}
