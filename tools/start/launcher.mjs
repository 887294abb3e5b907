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
import { StartError } from './start-error.mjs';
import { printStep } from './steps.mjs';

/** What a process needs beside its entry; `steadyAfter` is the one of Service. */
const KINDS = {
  // A small heap, so that the system does not choose it when memory is short; a short `steadyAfter`, since every process
  // waits for its restart.
  exchanger: { nodeOptions: ['--max-old-space-size=128', '--max-semi-space-size=8'], steadyAfter: 5_000 },
};

/**
 * Everything that `npm start` runs. What is called is started before its callers and stopped after them; what waits for
 * nothing is started together, because loading its modules is most of a process's start.
 */
export class Launcher {
  #settings;
  #lock;
  #services = [];
  #oneShots = new OneShots((pid) => this.#lock.remember(pid));
  #stopping = false;
  #env;

  constructor(settings) {
    this.#settings = settings;
  }

  /** Settles with what to say when every process is ready; throws when one is not, or when `stop` came in between. */
  async start() {
    const { home } = this.#settings;
    makeHome(home);
    this.#lock = await lockHome(home);
    await requireFreePorts(this.#settings);
    await this.#step('install', () => install({ run: this.#oneShots.run, onBegin: sayInstalling }));
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

  /** Stops in order what runs, at any moment of the start too. */
  async stop() {
    this.#stopping = true;
    this.#oneShots.stop();
    for (const service of this.#services.toReversed()) await service.stop();
    this.#lock?.release();
  }

  async #step(name, work) {
    if (this.#stopping) throw new StartError('stopped before all was started');
    return printStep(name, work, { progress: true });
  }

  async #startDatabase(password) {
    const options = {
      dataDir: join(this.#settings.home, 'postgres'),
      password,
      onLine: (line) => printLine('postgres', line),
    };
    await this.#keepRunning('postgres', async () => {
      const server = await startPostgres(options);
      // The processes know this address, so the server comes back at it.
      options.port = server.port;
      this.#env.DATABASE_URL = server.url;
      return server;
    });
  }

  #startApp(name) {
    const onLine = (line) => printLine(name, line);
    const onStart = (pid) => this.#lock.remember(pid);
    const { nodeOptions, ...options } = KINDS[name] ?? {};
    const launch = () => launchApp({ entry: entryOf(name), env: this.#env, nodeOptions, onLine, onStart });
    return this.#step(name, () => this.#keepRunning(name, launch, options));
  }

  async #seed() {
    const output = await this.#runCommand('seed', { SEED_TEST_API_KEY: keyOfLastSession(this.#settings.home) ?? '' });
    return JSON.parse(output.trim().split('\n').at(-1));
  }

  #keepRunning(name, launch, options) {
    const service = new Service(name, launch, (line) => printLine(name, line), options);
    this.#services.push(service);
    return service.start();
  }

  /** Runs a command of apps/cli; returns its stdout. */
  #runCommand(name, env) {
    return this.#oneShots.run(process.execPath, [entryOf('cli'), name], { env: { ...this.#env, ...env } });
  }
}

/** What every process is given; what a person set goes before our defaults. */
function environment({ home, port, sandboxPort, sandboxUrl, publicUrl }, { masterKeysFile, jwtPublicKeyFile }) {
  return {
    NODE_ENV: 'development',
    JWT_PUBLIC_KEY_FILE: jwtPublicKeyFile,
    ...(process.env.MASTER_KEYS ? {} : { MASTER_KEYS_FILE: masterKeysFile }),
    ...process.env,
    EVERGRANT_HOME: home,
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    SANDBOX_PORT: String(sandboxPort),
    SANDBOX_URL: sandboxUrl,
  };
}

function sayInstalling() {
  console.log('  installing what package-lock.json names; the first time this takes a while');
}
