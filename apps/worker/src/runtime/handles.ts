import { applyDecorators, Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type JobContract } from '#jobs';

/** The class that does one kind of job; what it throws decides by its `code` whether the job is run again. */
export interface JobHandler<Payload extends object = object> {
  execute(payload: Payload): Promise<void>;
}

/** What marks a handler, and how the runtime finds it. */
export const HandledJob = DiscoveryService.createDecorator<JobContract>();

/** Makes a class the one handler of a job; the compiler holds its `execute` against the contract's payload. */
export function Handles<Payload extends object>(
  contract: JobContract<Payload>,
): (handler: Type<JobHandler<Payload>>) => void {
  return applyDecorators(Injectable(), HandledJob(contract));
}
