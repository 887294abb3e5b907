/** Whether the queue runs a failed job again. */
export type RetryDecision = 'retry' | 'give up';

/** The decision for an error code. After a code that is not here, or an error without a code, the job runs again. */
const DECISIONS: ReadonlyMap<string, RetryDecision> = new Map([
  ['job.payload_invalid', 'give up'],
  ['job.unknown', 'retry'], // a worker of another version may have a handler
]);

/** Decides by the error code of a job whether the job runs again. */
export function decideRetry(code: string | undefined): RetryDecision {
  return (code !== undefined && DECISIONS.get(code)) || 'retry';
}
