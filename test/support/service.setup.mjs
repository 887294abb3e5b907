import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../tools/start/ports.mjs';
import { launch } from './launch.mjs';

/** The whole service, started as a person starts it, with a home and ports of its own. */
export default async function setUp() {
  const home = await mkdtemp(join(tmpdir(), 'evergrant-e2e-'));
  const service = launch({ home, port: await freePort(), sandboxPort: await freePort() });
  globalThis.testService = { home, service };
  await service.ready();
  process.env.EVERGRANT_SESSION = join(home, 'session.json');
}
