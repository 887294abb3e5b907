import type { Logger } from './logger.js';
import { setTracer } from './spans.js';

export interface TracingSettings {
  /** Whether an endpoint is set. OpenTelemetry's SDK reads it and its other variables (`OTEL_*`) from the environment. */
  enabled: boolean;
}

/** Loads OpenTelemetry where an endpoint is set; without one, neither SDK nor exporter is loaded and each function here does nothing. */
export async function startTracing(
  { enabled }: TracingSettings,
  { process, logger }: { process: string; logger: Logger },
): Promise<void> {
  if (!enabled) return;
  const { openTracer } = await import('./open-telemetry.js');
  setTracer(openTracer(process, logger));
  logger.info('tracing.started');
}

/** Sends what is recorded. Ends within seconds, and never rejects. */
export async function stopTracing(): Promise<void> {
  await setTracer(undefined)?.close();
}
