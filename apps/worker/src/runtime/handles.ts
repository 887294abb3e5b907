import { applyDecorators, Injectable, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type JobContract } from '#jobs';

/** The class that runs one kind of job. The `code` of the error that it throws decides whether the job runs again. */
export interface JobHandler<Payload extends object = object> {
  execute(payload: Payload): Promise<void>;
}

/** Marks a handler for discovery. */
export const HandledJob = DiscoveryService.createDecorator<JobContract>();

/** Makes a class the only handler of a job. The compiler checks its `execute` against the payload of the contract. */
export function Handles<Payload extends object>(
  contract: JobContract<Payload>,
): (handler: Type<JobHandler<Payload>>) => void {
  return applyDecorators(Injectable(), HandledJob(contract));
}
