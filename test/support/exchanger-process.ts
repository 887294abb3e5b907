import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '#observability';
import { connectExchanger, type Exchanger } from '#tokens';

/** The facts of its service that an exchanger needs. */
export interface ExchangerEnvironment {
  DATABASE_URL: string;
  MASTER_KEYS: string;
  SANDBOX_URL: string;
}

const STARTED_WITHIN = 90_000;

/** The real exchanger, as a process of its own from the built code, with a journal and a socket in a temporary folder. */
export class ExchangerProcess {
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(
    private readonly home: string,
    private readonly environment: ExchangerEnvironment,
  ) {}

  static async start(environment: ExchangerEnvironment): Promise<ExchangerProcess> {
    const exchanger = new ExchangerProcess(await mkdtemp(join(tmpdir(), 'exchanger-')), environment);
    await exchanger.run();
    return exchanger;
  }

  get socketPath(): string {
    return join(this.home, 'run', 'exchanger.sock');
  }

  /** A client of its socket, as another process has one. */
  get client(): Exchanger {
    return connectExchanger(this.socketPath, createLogger({ app: 'test', level: 'silent' }));
  }

  /** What it logged so far, over all its starts. */
  get log(): string {
    return this.#log;
  }

  /** Starts it again after `end`, on the same journal. */
  async run(): Promise<void> {
    const env = {
      ...process.env,
      ...this.environment,
      NODE_ENV: 'test',
      EVERGRANT_HOME: this.home,
      EXCHANGER_SOCKET: this.socketPath,
    };
    const child = spawn(process.execPath, [resolve('dist/bundle/exchanger.js')], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
      });
    this.#child = child;
    const end = Date.now() + STARTED_WITHIN;
    while (!(await this.answers())) {
      if (child.exitCode !== null || Date.now() > end) {
        child.kill('SIGKILL');
        throw new Error(`the exchanger did not start\n${this.#log}`);
      }
      await pause(50);
    }
  }

  /** Ends it by a signal; settles when the process is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const gone = once(this.#child!, 'exit');
    this.#child!.kill(signal);
    await gone;
  }

  /** Sends the signal to end, and does not wait for the end. */
  beginToEnd(): Promise<unknown> {
    const gone = once(this.#child!, 'exit');
    this.#child!.kill('SIGTERM');
    return gone;
  }

  async close(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.end();
    await rm(this.home, { recursive: true, force: true });
  }

  private async answers(): Promise<boolean> {
    return this.client.health().then(
      () => true,
      () => false,
    );
  }
}
