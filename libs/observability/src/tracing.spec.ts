import { describe, expect, it } from '@jest/globals';
import { runNode } from '../../../test/support/app-process.js';

const LOADER = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) {
    if (url.includes('@opentelemetry/')) writeSync(2, 'loads ' + url.split('/@opentelemetry/')[1].split('/')[0] + '\\n');
    return next(url, context);
  }`;

/** Starts tracing as each process does; returns the packages of OpenTelemetry that are loaded then. */
async function packagesOf(settings: { enabled: boolean }): Promise<Set<string>> {
  const program = `
    import { register } from 'node:module';
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(LOADER)}`)});
    const { createLogger, startTracing } = await import('#observability');
    const logger = createLogger({ app: 'probe' });
    logger.level = 'silent';
    await startTracing(${JSON.stringify(settings)}, { process: 'probe', logger });
    process.exit();`;
  const { log } = await runNode(['--input-type=module', '--eval', program], { OTEL_EXPORTER_OTLP_ENDPOINT: '' });
  return new Set(Array.from(log.matchAll(/^loads (\S+)$/gm), ([, name]) => String(name)));
}

/** The rule of the architecture about packages holds that no other file than open-telemetry.ts imports them. */
describe('the code of OpenTelemetry', () => {
  it('is loaded by no process that has no endpoint for its traces, and by one that has', async () => {
    expect([...(await packagesOf({ enabled: false }))]).toEqual([]);
    expect([...(await packagesOf({ enabled: true }))]).toEqual(
      expect.arrayContaining(['api', 'sdk-trace-node', 'exporter-trace-otlp-proto']),
    );
  }, 60_000);
});
