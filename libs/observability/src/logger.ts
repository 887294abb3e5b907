import { pino, type Logger as PinoLogger } from 'pino';
import { loggable, loggableError } from './loggable.js';
import { traceFields } from './spans.js';

export type Logger = PinoLogger;

/** Injection token of the logger of a process. */
export const LOGGER = Symbol('LOGGER');

export interface LoggerOptions {
  app: string;
  level?: string;
  /** `stderr` for a process that writes its result to stdout. */
  stream?: 'stdout' | 'stderr';
}

/** One JSON line an event. Log ids, codes and counts; never a URL with its query, a body or a token. */
export function createLogger({ app, level = 'info', stream = 'stdout' }: LoggerOptions): Logger {
  const options = {
    level,
    base: { app },
    mixin: traceFields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: loggable },
    // The fields of a child logger do not pass the formatter.
    serializers: { err: (error: unknown) => (error instanceof Error ? loggableError(error) : error) },
  };
  return pino(options, pino.destination({ fd: stream === 'stderr' ? 2 : 1, sync: true }));
}
