import { SweepAttempts } from '#accounts';
import { attemptsSweep } from '#jobs';
import { Handles } from '../runtime/handles.js';
import { ForgetIdempotencyKeys } from './forget-idempotency-keys.js';

/** Finishes, ends and forgets attempts, and what else is kept for a day only. */
@Handles(attemptsSweep)
export class SweepAttemptsProcessor {
  constructor(
    private readonly sweepAttempts: SweepAttempts,
    private readonly forgetIdempotencyKeys: ForgetIdempotencyKeys,
  ) {}

  async execute(): Promise<void> {
    await this.forgetIdempotencyKeys.execute();
    await this.sweepAttempts.execute();
  }
}
