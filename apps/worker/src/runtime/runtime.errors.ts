import { CodedError } from '#observability';

/** A job that this version of the worker does not know, asked for by another version. */
export class UnknownJobError extends CodedError {
  constructor(job: string) {
    super('job.unknown', `This worker knows no job ${job}.`);
  }
}

/** The worker must not start: a job would lie in the queue for ever, or be done by chance by one of two. */
export class HandlerMapError extends CodedError {
  constructor(problems: readonly string[]) {
    super(
      'job.handlers_wrong',
      `Each job needs exactly one handler.\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}
