import { createLogger, type Logger } from '#observability';

/**
 * Runs the work of a command: exit code 0 when it is done, 1 with one fatal log line when it fails. Logs go to stderr; stdout
 * carries only the command's result.
 */
export async function runOnce(name: string, work: (logger: Logger) => Promise<void>): Promise<void> {
  const logger = createLogger({ app: name, stream: 'stderr' });
  try {
    await work(logger);
  } catch (error) {
    logger.fatal({ err: error }, 'command.failed');
    // Open connections would keep the process alive.
    process.exit(1);
  }
}
