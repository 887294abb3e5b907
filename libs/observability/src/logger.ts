import { pino, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

/** Under which a process gives its logger to those who ask for it by injection. */
export const LOGGER = Symbol('LOGGER');

export interface LoggerOptions {
  app: string;
  level?: string;
  /** `stderr` for a process whose stdout is its answer. */
  stream?: 'stdout' | 'stderr';
}

/** One JSON line an event. Log ids, codes and counts; never a URL with its query, a body or a token. */
export function createLogger({ app, level = 'info', stream = 'stdout' }: LoggerOptions): Logger {
  const options = {
    level,
    base: { app },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serializeError },
  };
  return pino(options, pino.destination({ fd: stream === 'stderr' ? 2 : 1, sync: true }));
}

/** Where it happened and what kind of error it was; own fields of an error may hold anything and stay out. */
function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: error.name,
    code,
    message: error.message,
    stack: error.stack,
    ...(error.cause ? { cause: serializeError(error.cause) } : {}),
  };
}
