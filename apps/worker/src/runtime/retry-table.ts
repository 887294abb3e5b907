/** Whether the queue runs a failed job again. */
export type Verdict = 'retry' | 'give up';

/** What an error's code means to the queue. A code that is not here, or none, may pass: the job is run again. */
const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ['job.payload_invalid', 'give up'],
  ['job.unknown', 'retry'], // a worker of another version may know it
]);

/** A job's error code decides whether it is run again. */
export function verdictOn(code: string | undefined): Verdict {
  return (code !== undefined && VERDICTS.get(code)) || 'retry';
}
