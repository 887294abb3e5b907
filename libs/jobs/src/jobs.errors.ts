import { type z } from 'zod';
import { CodedError } from '#observability';

type Issue = z.core.$ZodIssue;

/** A payload that breaks its contract. Another run cannot succeed. */
export class JobPayloadError extends CodedError {
  constructor(job: string, issues: readonly Issue[]) {
    super(
      'job.payload_invalid',
      `The payload of ${job} does not match its contract: ${issues.map(describe).join(', ')}`,
    );
  }
}

/** The queue's store does not answer, or the queue is closing. A request some seconds later may succeed. */
export class QueueUnavailableError extends CodedError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('queue.unavailable', message, { ...options, retryAfter: 5 });
  }
}

function describe(issue: Issue): string {
  return `${issue.path.join('.') || '(payload)'} ${issue.code}`;
}
