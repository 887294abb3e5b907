import { type Duration, seconds } from '#config';
import { type Logger } from '#observability';

const REPEAT_INTERVAL: Duration = seconds(10);

/** A listener for `error` events. An outage repeats one error many times a second; the log has one line for ten seconds. */
export function outageLog(logger: Logger, part: string, now: () => number = Date.now): (error: unknown) => void {
  const lines = new Map<string, { at: number; repeats: number }>();
  return (error) => {
    const key = keyOf(error);
    const line = lines.get(key);
    if (line && now() - line.at < REPEAT_INTERVAL) {
      line.repeats += 1;
      return;
    }
    logger.error({ err: error, part, repeats: line?.repeats ?? 0 }, 'queue.failed');
    if (lines.size > 50) lines.clear();
    lines.set(key, { at: now(), repeats: 0 });
  };
}

function keyOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
