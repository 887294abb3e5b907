import { rm } from 'node:fs/promises';
import { processesOf, survivors } from './launch.mjs';

/** Stops the service and fails when it does not leave cleanly. */
export default async function tearDown() {
  const { home, service } = globalThis.testService;
  const processes = processesOf(home);
  service.signal('SIGTERM');
  const code = await service.exited;
  const left = await survivors(processes, 1_000);
  if (code !== 0 || left.length > 0) {
    throw new Error(`the service ended with ${code} and left ${left.length} processes behind\n${service.output()}`);
  }
  await rm(home, { recursive: true, force: true });
}
