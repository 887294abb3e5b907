import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { launch, processesOf } from '../../test/support/launch.mjs';
import { closeApp, connect, openApp, readSession, Service } from '../demo/service.mjs';
import { ROOT } from '../start/root.mjs';

const WRITE_WITHIN_MS = 3_000;

/** Which processes take part in a flow, and one run of it. */
const FLOWS = {
  connect: { apps: ['api', 'exchanger'], run: (service, app) => connect(service, app, 'demo') },
  list: { apps: ['api'], run: (service) => service.get('/v1/accounts?limit=50') },
  refresh: { apps: ['worker', 'exchanger'], run: refreshOnce },
};

/** Counts the source files in which a function runs during each flow, against the running service. */
export async function countFlowFiles({ port = 3470, sandboxPort = 3570 } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'evergrant-structure-'));
  const home = join(directory, 'home');
  process.env.COVERAGE_DIR = directory;
  process.env.COVERAGE_DIST = join(ROOT, 'dist');
  process.env.NODE_OPTIONS = `--import ${join(ROOT, 'tools/structure/coverage.mjs')}`;
  const service = launch({ home, port, sandboxPort });
  try {
    await service.ready();
    return await runFlows(home, directory);
  } finally {
    stopIfRunning(service);
    await service.exited;
    rmSync(directory, { recursive: true, force: true });
  }
}

function stopIfRunning(service) {
  try {
    service.signal('SIGTERM');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

async function runFlows(home, directory) {
  const service = new Service(readSession(home));
  const app = await openApp(service, 'x');
  const counts = {};
  for (const [name, { apps, run }] of Object.entries(FLOWS)) {
    await takeCoverage(home, directory);
    await run(service, app);
    counts[name] = (await takeCoverage(home, directory))
      .filter((taken) => apps.includes(taken.app))
      .reduce((files, taken) => new Set([...files, ...taken.files]), new Set()).size;
  }
  await closeApp(service, app);
  return counts;
}

/** Sends SIGUSR2 to every process of the service, and reads and removes what they wrote. */
async function takeCoverage(home, directory) {
  const { children } = JSON.parse(readFileSync(join(home, 'launcher.json'), 'utf8'));
  for (const { pid } of children) if (processesOf(home).includes(pid)) process.kill(pid, 'SIGUSR2');
  await pause(WRITE_WITHIN_MS);
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const path = join(directory, name);
      const taken = { app: name.split('-')[0], files: JSON.parse(readFileSync(path, 'utf8')) };
      rmSync(path);
      return taken;
    });
}

/** Waits for the worker to refresh the account of the first flow: its token lasts two minutes. */
async function refreshOnce(service, app) {
  const account = async () => {
    const { items } = await service.get(`/v1/accounts?provider=${app.provider}`);
    return items[0];
  };
  const before = (await account()).last_refreshed_at;
  while ((await account()).last_refreshed_at === before) await pause(2_000);
}
