import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/start/ports.mjs';
import { launch, processesOf, survivors } from './launch.mjs';

/** @type {{ home: string, service: import('./launch.mjs').Launched } | undefined} */
let running;

/**
 * Starts the whole service as a person starts it, with a home and ports of its own. OWN_SERVICES=true: the files of this run
 * start what they need, and this starts nothing.
 */
export default async function setUp() {
  if (process.env.OWN_SERVICES === 'true') return;
  const home = await mkdtemp(join(tmpdir(), 'evergrant-e2e-'));
  const port = await freePort();
  let sandboxPort = port;
  // The system may give a port that was just freed once more.
  while (sandboxPort === port) sandboxPort = await freePort();
  // Retries and pauses of webhooks in milliseconds instead of seconds.
  process.env.WEBHOOK_RETRY_SCALE ??= '0.001';
  const service = launch({ home, port, sandboxPort });
  running = { home, service };
  await service.ready();
  process.env.EVERGRANT_SESSION = join(home, 'session.json');
}

/** Stops the service; throws if its end is not orderly. */
export async function tearDown() {
  if (!running) return;
  const { home, service } = running;
  const processes = processesOf(home);
  service.signal('SIGTERM');
  const code = await service.exited;
  const left = await survivors(processes, 1_000);
  if (code !== 0 || left.length > 0) {
    throw new Error(`the service ended with ${code} and left ${left.length} processes behind\n${service.output()}`);
  }
  await rm(home, { recursive: true, force: true });
}
