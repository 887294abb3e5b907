import { type z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A payload that is not what its contract says; running it again would not help. */
export class JobPayloadError extends Error {
  override readonly name = 'JobPayloadError';
  readonly code = 'job.payload_invalid';

  constructor(job: string, issues: readonly Issue[]) {
    super(`The payload of ${job} is not what its contract says: ${issues.map(describe).join(', ')}`);
  }
}

/** The queue's store does not answer, or the queue is closing; to the one who asked it is a matter of trying again. */
export class QueueUnavailableError extends Error {
  override readonly name = 'QueueUnavailableError';
  readonly code = 'queue.unavailable';
}

function describe(issue: Issue): string {
  return `${issue.path.join('.') || '(payload)'} ${issue.code}`;
}
