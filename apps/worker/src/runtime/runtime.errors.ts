import { CodedError } from '#observability';

/** This version of the worker has no handler for the job; another version added it. */
export class UnknownJobError extends CodedError {
  constructor(job: string) {
    super('job.unknown', `This worker has no job ${job}.`);
  }
}

/** The worker must not start: a job would stay in the queue, or run in an arbitrary one of two handlers. */
export class HandlerMapError extends CodedError {
  constructor(problems: readonly string[]) {
    super(
      'job.handlers_wrong',
      `Each job needs exactly one handler.\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}
