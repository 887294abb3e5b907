import { type DestinationStream, pino, type Logger as PinoLogger } from 'pino';
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
  // A command writes its result to stderr, too, behind its lines.
  return pino(options, stream === 'stderr' ? pino.destination({ fd: 2, sync: true }) : linesOfOneTurn());
}

/** Bytes; the destination writes at most 16,384 at once. */
const MAX_BUFFERED = 8_192;
const WARN = 40;

/** Of all loggers of this process. */
const flushes = new Set<() => void>();
const flushAll = (): void => {
  for (const flush of flushes) flush();
};

/**
 * Writes the lines of one turn of the event loop with one call: an API under load answers several requests in each. A line from
 * `warn` up is written at once, with those before it. Only a process that is killed may lose the lines of its last turn.
 */
function linesOfOneTurn(): DestinationStream {
  const file = pino.destination({ fd: 1, sync: true, minLength: MAX_BUFFERED });
  let isScheduled = false;
  const flush = (): void => {
    isScheduled = false;
    try {
      file.flushSync();
    } catch (error) {
      // The destination decides, as after a line that it writes itself: a reader that is gone is no failure.
      file.emit('error', error);
    }
  };
  if (flushes.size === 0) process.on('exit', flushAll);
  flushes.add(flush);
  const stream = {
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string): void {
      file.write(line);
      if (stream.lastLevel >= WARN) {
        flush();
      } else if (!isScheduled) {
        isScheduled = true;
        setImmediate(flush);
      }
    },
  };
  return stream;
}
