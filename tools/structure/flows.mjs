import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { launch, processesOf } from '../../test/support/launch.mjs';
import { closeApp, connect, openApp, readSession, ServiceClient } from '../demo/service-client.mjs';
import { codeOf } from '../start/errors.mjs';
import { ROOT } from '../start/root.mjs';

const WRITE_WITHIN_MS = 3_000;

/**
 * @typedef {import('../demo/service-client.mjs').App} App
 * @typedef {{ app: string, files: string[] }} Coverage
 */

/**
 * The processes that take part in each flow, and one run of it.
 * @type {Record<string, { apps: string[], run: (service: ServiceClient, app: App) => Promise<unknown> }>}
 */
const FLOWS = {
  connect: { apps: ['api', 'exchanger'], run: (service, app) => connect(service, app, 'demo') },
  list: { apps: ['api'], run: (service) => service.get('/v1/accounts?limit=50') },
  refresh: { apps: ['worker', 'exchanger'], run: refreshOnce },
};

/**
 * Counts the source files in which a function runs during each flow, against the running service.
 * @param {{ port?: number, sandboxPort?: number }} [ports]
 */
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

/** @param {ReturnType<typeof launch>} service */
function stopIfRunning(service) {
  try {
    service.signal('SIGTERM');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/**
 * @param {string} home
 * @param {string} directory
 */
async function runFlows(home, directory) {
  const service = new ServiceClient(readSession(home));
  const app = await openApp(service, 'x');
  /** @type {Record<string, number>} */
  const counts = {};
  for (const [name, { apps, run }] of Object.entries(FLOWS)) {
    await takeCoverage(home, directory);
    await run(service, app);
    const taken = (await takeCoverage(home, directory)).filter(({ app: process }) => apps.includes(process));
    counts[name] = new Set(taken.flatMap(({ files }) => files)).size;
  }
  await closeApp(service, app);
  return counts;
}

/**
 * Sends SIGUSR2 to every process of the service, and reads and removes what they wrote.
 * @param {string} home
 * @param {string} directory
 * @returns {Promise<Coverage[]>}
 */
async function takeCoverage(home, directory) {
  const { children } = JSON.parse(readFileSync(join(home, 'launcher.json'), 'utf8'));
  for (const { pid } of children) if (processesOf(home).includes(pid)) process.kill(pid, 'SIGUSR2');
  await pause(WRITE_WITHIN_MS);
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const path = join(directory, name);
      const taken = { app: name.replace(/-.*/, ''), files: JSON.parse(readFileSync(path, 'utf8')) };
      rmSync(path);
      return taken;
    });
}

/**
 * Waits for the worker to refresh the account of the first flow: its token lasts two minutes.
 * @param {ServiceClient} service
 * @param {App} app
 */
async function refreshOnce(service, app) {
  const refreshedAt = async () => {
    /** @type {import('../demo/service-client.mjs').AccountPage} */
    const { items } = await service.get(`/v1/accounts?provider=${app.provider}`);
    return items[0]?.last_refreshed_at;
  };
  const before = await refreshedAt();
  while ((await refreshedAt()) === before) await pause(2_000);
}
