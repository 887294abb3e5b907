import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { Keyring } from '#crypto';
import { type JobQueue, openQueueBackend, type QueueBackend } from '#jobs';
import { createLogger, Secret } from '#observability';
import { keepsEvidence } from '../check/keep-evidence.js';
import { AuthorizationServer } from '../authorization-servers/authorization-server.js';
import type { SeededGrant, ServerKind } from '../authorization-servers/contract.js';
import { type Population, seedAccounts } from '../load/seed-accounts.js';
import type { Target } from '../plan/fault.js';
import { FaultProxy } from './fault-proxy.js';
import { freePort } from '../../../tools/start/ports.mjs';
import { entryOf, launchApp } from '../../../tools/start/app-process.mjs';
import { ROOT } from '../../../tools/start/root.mjs';
import { openPool } from './open-pool.js';
import {
  describePlatform,
  environmentOf,
  modeOf,
  PROVIDER,
  secondHostOf,
  type Settings,
} from './product-environment.js';
import type { Databases } from './databases.js';
import { SupervisedProcess } from './supervised-process.js';

export interface WorldOptions {
  databases: Databases;
  design: 'product' | 'control';
  platform: { kind: ServerKind; graceSeconds: number; delayBefore: number; delayAfter: number };
  queue: 'postgres' | 'redis';
  accounts: number;
  workers: number;
  apis: number;
  concurrency: number;
  stepsClocks: boolean;
  /** Prepares the folder before the processes start; false: not possible on this machine. */
  prepare?: (directory: string) => boolean;
  /** A built tree with a defect, to run instead of the repository's. */
  root?: string;
}

/** Runs after an exchanger has exited. */
export type ExitHandler = (reason: string) => Promise<void>;

/** The environment of one row: a database, a platform, and the product (or the control) between them. */
export class World {
  readonly processes: Record<Target, SupervisedProcess[]> = { worker: [], api: [], exchanger: [] };
  readonly keyring: Keyring;
  readonly apis: string[] = [];
  /** The place at which the next exchanger that starts crashes. */
  crashAt: string | undefined;
  /** The master keys of the exchangers that start from now on; undefined: the right ones. */
  exchangerKeys: string | undefined;
  /** Whether the journal of the next exchanger that exits is lost. */
  losesJournal = false;
  /** Runs once, after the next exchanger has exited and before another one starts. */
  afterExchangerExit: (() => void) | undefined;
  onExchangerExit: ExitHandler = () => Promise.resolve();
  population!: Population;
  seeded: readonly SeededGrant[] = [];
  readonly #logs: WriteStream[] = [];
  #backend: QueueBackend | undefined;

  private constructor(
    readonly options: WorldOptions,
    readonly settings: Settings,
    readonly platform: AuthorizationServer,
    readonly proxy: FaultProxy,
    readonly pool: Pool,
  ) {
    this.keyring = new Keyring(new Secret(settings.masterKeys));
  }

  static async open(options: WorldOptions): Promise<World> {
    const {
      databases,
      platform: { kind, ...knobs },
      queue,
      concurrency,
      stepsClocks,
    } = options;
    const directory = mkdtempSync(join(tmpdir(), 'evergrant-faults-'));
    if (options.prepare?.(directory) === false) throw new Error('this row needs root');
    const platform = await AuthorizationServer.start({ kind, accessTokenLife: 7_200, ...knobs });
    const proxy = new FaultProxy({ host: '127.0.0.1', port: Number(new URL(platform.url).port) });
    const port = await proxy.open();
    const token = new URL(platform.endpoints.token);
    token.port = String(port);
    describePlatform(directory, { ...platform.endpoints, token: token.href, graceSeconds: knobs.graceSeconds });
    const databaseUrl = await databases.make();
    const redisUrl = queue === 'redis' ? databases.redisUrl : null;
    const masterKeys = `k1:${randomBytes(32).toString('base64')}`;
    const settings: Settings = { directory, databaseUrl, redisUrl, masterKeys, concurrency, stepsClocks };
    const world = new World(options, settings, platform, proxy, openPool(databaseUrl));
    await world.#populate();
    await world.#startProcesses(token.href);
    return world;
  }

  get queue(): JobQueue | null {
    return this.#backend?.queue() ?? null;
  }

  /** Every process of ours that runs in this world. */
  get all(): SupervisedProcess[] {
    return Object.values(this.processes).flat();
  }

  /** Stops the callers before the exchangers. */
  async stopProcesses(): Promise<void> {
    await Promise.all([...this.processes.worker, ...this.processes.api].map((process) => process.stop()));
    await Promise.all(this.processes.exchanger.map((process) => process.stop()));
  }

  /** Starts a second exchanger on its own copy of the journal; false: it refused to start. It stops after `lasts` ms. */
  async runSecondExchanger(journal: string, lasts: number): Promise<boolean> {
    const { directory } = this.settings;
    const env = { ...environmentOf('exchanger-2', this.settings), ...secondHostOf(directory), JOURNAL_DIR: journal };
    const launched = launchApp({
      entry: this.#entry('exchanger'),
      env,
      onLine: this.#logTo('exchanger-2'),
      onStart: () => undefined,
    });
    const isReady = await Promise.race([launched.ready.then(() => true), launched.exited.then(() => false)]);
    await sleep(lasts);
    await launched.stop();
    return isReady;
  }

  async close(): Promise<void> {
    await this.stopProcesses();
    await this.#backend?.close();
    await this.pool.end();
    await this.proxy.close();
    await this.platform.stop();
    for (const log of this.#logs) await new Promise((ended) => log.end(ended));
    if (!keepsEvidence()) rmSync(this.settings.directory, { recursive: true, force: true });
  }

  async #populate(): Promise<void> {
    const {
      platform: { graceSeconds },
      accounts,
    } = this.options;
    const grants = (this.seeded = await this.platform.seed(accounts));
    const client = AuthorizationServer.client;
    const mode = modeOf(graceSeconds);
    this.population = await seedAccounts({
      pool: this.pool,
      keyring: this.keyring,
      grants,
      provider: PROVIDER,
      mode,
      client,
    });
  }

  async #startProcesses(tokenEndpoint: string): Promise<void> {
    const { design, workers, apis } = this.options;
    if (design === 'control') return this.#startControl(tokenEndpoint);
    this.#backend = openQueueBackend({
      databaseUrl: new Secret(this.settings.databaseUrl),
      ...(this.settings.redisUrl && { redisUrl: new Secret(this.settings.redisUrl) }),
      logger: createLogger({ app: 'faults', level: 'silent' }),
      poolSize: 2,
    });
    if (existsSync(this.#entry('exchanger'))) {
      const env = (): Record<string, string> => ({ ...this.#crashEnvironment(), ...this.#keysOfExchanger() });
      this.#add('exchanger', 'exchanger', { env, onExit: (reason) => this.#exchangerExited(reason) });
    }
    for (let index = 1; index <= workers; index += 1) this.#add('worker', `worker-${index}`);
    for (let index = 1; index <= apis; index += 1) {
      const port = String(await freePort());
      this.apis.push(`http://127.0.0.1:${port}`);
      this.#add('api', `api-${index}`, { env: () => ({ PORT: port }) });
    }
    await Promise.all(this.all.map((process) => process.start()));
  }

  async #startControl(tokenEndpoint: string): Promise<void> {
    const { id, secret } = AuthorizationServer.client;
    const register = `--import=${join(ROOT, 'tools/faults/register.mjs')}`;
    const env = (): Record<string, string> => ({
      TOKEN_ENDPOINT: tokenEndpoint,
      CLIENT_ID: id,
      CLIENT_SECRET: secret,
      NODE_OPTIONS: register,
    });
    const entry = join(ROOT, 'test/faults/control/naive-worker.ts');
    for (let index = 1; index <= this.options.workers; index += 1)
      this.#add('worker', `control-${index}`, { env, entry });
    await Promise.all(this.all.map((process) => process.start()));
  }

  #add(
    target: Target,
    name: string,
    more: { env?: () => Record<string, string>; onExit?: ExitHandler; entry?: string } = {},
  ): void {
    const onLine = this.#logTo(name);
    this.processes[target].push(
      new SupervisedProcess({
        name,
        entry: more.entry ?? this.#entry(target),
        env: () => ({ ...environmentOf(name, this.settings), ...more.env?.() }),
        onLine,
        ...(more.onExit && { onExit: more.onExit }),
      }),
    );
  }

  #logTo(name: string): (line: string) => void {
    mkdirSync(join(this.settings.directory, 'logs'), { recursive: true });
    const log = createWriteStream(join(this.settings.directory, 'logs', `${name}.log`), { flags: 'a' });
    this.#logs.push(log);
    return (line) => {
      log.write(`${line}\n`);
    };
  }

  #entry(app: string): string {
    const { root } = this.options;
    return root ? join(root, 'dist/apps', app, 'src/main.js') : entryOf(app);
  }

  async #exchangerExited(reason: string): Promise<void> {
    await this.onExchangerExit(reason);
    this.afterExchangerExit?.();
    this.afterExchangerExit = undefined;
    this.losesJournal = false;
  }

  #keysOfExchanger(): Record<string, string> {
    return this.exchangerKeys === undefined ? {} : { MASTER_KEYS: this.exchangerKeys };
  }

  /** Applies to one exchanger only: the next one must not crash. */
  #crashEnvironment(): Record<string, string> {
    const { crashAt } = this;
    this.crashAt = undefined;
    return crashAt === undefined ? {} : { CRASH_AT: crashAt };
  }
}
