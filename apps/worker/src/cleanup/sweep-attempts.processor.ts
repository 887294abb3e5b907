import { SweepAttempts } from '#accounts';
import { attemptsSweep } from '#jobs';
import { Handles } from '../runtime/handles.js';

/** Finishes, ends and forgets attempts. */
@Handles(attemptsSweep)
export class SweepAttemptsProcessor {
  constructor(private readonly sweepAttempts: SweepAttempts) {}

  execute(): Promise<void> {
    return this.sweepAttempts.execute();
  }
}
