import { type JobContract } from '#jobs';
import { type JobHandler } from './handles.js';
import { HandlerMapError } from './runtime.errors.js';

/** A provider with `@Handles`. */
export interface FoundHandler {
  readonly className: string;
  readonly contract: JobContract;
  readonly handler: JobHandler;
}

/** Handlers by the name of their job. */
export type HandlerMap = ReadonlyMap<string, FoundHandler>;

/** Maps jobs to handlers. A HandlerMapError lists every job without a handler or with two, and every unknown job. */
export function mapHandlers(contracts: readonly JobContract[], found: readonly FoundHandler[]): HandlerMap {
  const problems = [
    ...contracts.flatMap((contract) =>
      problemOf(
        contract,
        found.filter((one) => one.contract === contract),
      ),
    ),
    ...found.filter(({ contract }) => !contracts.includes(contract)).map(unknown),
  ];
  if (problems.length > 0) throw new HandlerMapError(problems);
  return new Map(found.map((one) => [one.contract.name, one]));
}

function problemOf({ name }: JobContract, handlers: readonly FoundHandler[]): string[] {
  if (handlers.length === 1) return [];
  if (handlers.length > 1)
    return [`${name} has ${handlers.length} handlers: ${handlers.map((one) => one.className).join(', ')}.`];
  return [`${name} has no handler: add a class with @Handles to a module that worker.module.ts imports.`];
}

function unknown({ className, contract }: FoundHandler): string {
  return `${className} handles ${contract.name}, which is none of the known jobs: add its contract to libs/jobs/src/contracts.ts.`;
}
