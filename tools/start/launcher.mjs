import { join } from 'node:path';
import { entryOf, launchApp } from './app-process.mjs';
import { build } from './build.mjs';
import { makeHome, makeSecrets } from './home.mjs';
import { install } from './install.mjs';
import { lockHome } from './lock.mjs';
import { printLine } from './log-lines.mjs';
import { OneShots } from './one-shots.mjs';
import { requireFreePorts } from './ports.mjs';
import { startPostgres } from './postgres.mjs';
import { Service } from './service.mjs';
import { keyOfLastSession, welcome, writeSession } from './session.mjs';
import { StartError } from './errors.mjs';
import { CommandError } from './run.mjs';
import { printStep } from './steps.mjs';

/** @typedef {Awaited<ReturnType<typeof lockHome>>} Lock */

/**
 * What a process needs beside its entry; `steadyAfter` is the one of Service.
 * @type {Partial<Record<string, { nodeOptions: string[], steadyAfter: number }>>}
 */
const KINDS = {
  // A small heap, so that the system does not choose it when memory is short; a short `steadyAfter`, since every process
  // waits for its restart.
  exchanger: { nodeOptions: ['--max-old-space-size=128', '--max-semi-space-size=8'], steadyAfter: 5_000 },
};

/**
 * Everything that `npm start` runs. A process is started before its callers and stopped after them; processes that wait for
 * nothing are started together, because loading its modules is most of a process's start.
 */
export class Launcher {
  #settings;
  /** @type {Lock | undefined} */
  #lock;
  /** @type {Service[]} */
  #services = [];
  #oneShots = new OneShots((pid) => this.#lock?.record(pid));
  #stopping = false;
  #isQuiet = false;
  /** @type {NodeJS.ProcessEnv} */
  #env = {};

  /** @param {import('./settings.mjs').Settings} settings */
  constructor(settings) {
    this.#settings = settings;
  }

  /** Resolves to the greeting when every process is ready; throws when one is not, or when `stop` was called meanwhile. */
  async start() {
    const { home } = this.#settings;
    makeHome(home);
    this.#lock = await lockHome(home);
    await requireFreePorts(this.#settings);
    await this.#step('install', () => install({ run: this.#oneShots.run, onBegin: printInstalling }));
    const secrets = makeSecrets(home);
    this.#env = environment(this.#settings, secrets);
    await Promise.all([
      this.#step('build', () => build({ run: this.#oneShots.run })),
      this.#settings.databaseUrl ?? this.#step('postgres', () => this.#startDatabase(secrets.postgresPassword)),
    ]);
    await Promise.all([this.#startApp('sandbox'), this.#step('migrate', () => this.#runCommand('migrate'))]);
    await this.#startApp('exchanger');
    const [seeded] = await Promise.all([
      this.#step('seed', () => this.#seed()),
      this.#startApp('worker'),
      this.#startApp('api'),
    ]);
    return welcome(writeSession(this.#settings, seeded), this.#settings);
  }

  /**
   * Stops in order what runs, also during the start. After a failure no line of the processes follows the reason.
   * @param {{ quietly?: boolean }} [options]
   */
  async stop({ quietly = false } = {}) {
    this.#stopping = true;
    this.#isQuiet = quietly;
    this.#oneShots.stop();
    for (const service of this.#services.toReversed()) await service.stop();
    this.#lock?.release();
  }

  /**
   * @template T
   * @param {string} name
   * @param {() => T | Promise<T>} work
   */
  async #step(name, work) {
    if (this.#stopping) throw new StartError('stopped before all was started');
    return printStep(name, work, { progress: true });
  }

  /** @param {string} password */
  async #startDatabase(password) {
    /** @type {Parameters<typeof startPostgres>[0]} */
    const options = {
      dataDir: join(this.#settings.home, 'postgres'),
      password,
      onLine: (line) => this.#print('postgres', line),
    };
    await this.#keepRunning('postgres', async () => {
      const server = await startPostgres(options);
      // The processes have this address, so the server comes back at it.
      options.port = server.port;
      this.#env.DATABASE_URL = server.url;
      return server;
    });
  }

  /** @param {string} name */
  #startApp(name) {
    /** @param {string} line */
    const onLine = (line) => this.#print(name, line);
    /** @param {number} pid */
    const onStart = (pid) => this.#lock?.record(pid);
    const { nodeOptions, ...options } = KINDS[name] ?? {};
    const launch = () => launchApp({ entry: entryOf(name), env: this.#env, nodeOptions, onLine, onStart });
    return this.#step(name, () => this.#keepRunning(name, launch, options));
  }

  /**
   * @param {string} name
   * @param {string} line
   */
  #print(name, line) {
    if (!this.#isQuiet) printLine(name, line);
  }

  /** @returns {Promise<import('./session.mjs').Seeded>} */
  async #seed() {
    const output = await this.#runCommand('seed', { SEED_TEST_API_KEY: keyOfLastSession(this.#settings.home) ?? '' });
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  }

  /**
   * @param {string} name
   * @param {() => import('./service.mjs').Running | Promise<import('./service.mjs').Running>} launch
   * @param {{ steadyAfter?: number }} [options]
   */
  #keepRunning(name, launch, options) {
    const service = new Service(name, launch, (line) => this.#print(name, line), options);
    this.#services.push(service);
    return service.start();
  }

  /**
   * Runs a command of apps/cli; returns its stdout. Where it fails, its last lines state the reason in plain words.
   * @param {string} name
   * @param {NodeJS.ProcessEnv} [env]
   */
  async #runCommand(name, env) {
    try {
      return await this.#oneShots.run(process.execPath, [entryOf('cli'), name], { env: { ...this.#env, ...env } });
    } catch (error) {
      const [, why] = /^error: ([^]+)/m.exec(error instanceof CommandError ? error.output : '') ?? [];
      throw why ? new StartError(`${name} failed: ${why}`, { cause: error }) : error;
    }
  }
}

/**
 * The environment of every process; the variables that a person set precede our defaults.
 * @param {import('./settings.mjs').Settings} settings
 * @param {ReturnType<typeof makeSecrets>} secrets
 */
function environment({ home, port, sandboxPort, sandboxUrl, publicUrl }, { masterKeysFile, jwtPublicKeyFile }) {
  return {
    NODE_ENV: 'development',
    JWT_PUBLIC_KEY_FILE: jwtPublicKeyFile,
    // A receiver on this machine is the usual one in development.
    WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8,::1',
    ...(process.env.MASTER_KEYS ? {} : { MASTER_KEYS_FILE: masterKeysFile }),
    ...process.env,
    EVERGRANT_HOME: home,
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    SANDBOX_PORT: String(sandboxPort),
    SANDBOX_URL: sandboxUrl,
  };
}

function printInstalling() {
  console.log('  installing what package-lock.json names; the first time this takes a while');
}
