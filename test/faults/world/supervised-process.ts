import { setTimeout as sleep } from 'node:timers/promises';
import { type LaunchedApp, launchApp } from '../../../tools/start/app-process.mjs';
import { signal, until } from '../../../tools/start/processes.mjs';

export interface ProcessOptions {
  name: string;
  entry: string;
  /** Read anew at each start. */
  env: () => Record<string, string | undefined>;
  onLine: (line: string) => void;
  /** Looks at what it left behind before the next one starts. */
  onExit?: (reason: string) => Promise<void>;
}

const AGAIN_AFTER = 1_000;
const READY_WITHIN = 60_000;

/** One process of ours that is started again a second after it ended, whatever ended it. */
export class SupervisedProcess {
  #launched!: LaunchedApp;
  #pid = 0;
  #isReady = false;
  #isStopping = false;
  #frozen = false;
  #starts = 0;
  #kills = 0;

  constructor(readonly options: ProcessOptions) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Whether it can be struck: it runs, and is not held still. */
  get isUp(): boolean {
    return this.#isReady && !this.#frozen;
  }

  /** Settles when it is ready; throws when it ended before. */
  async start(): Promise<void> {
    const first = this.#launch();
    const ended = first.exited.then((reason) => {
      throw new Error(`${this.name} could not start: it ended with ${reason}`);
    });
    await Promise.race([first.ready, ended]);
    ended.catch(() => undefined);
  }

  /** The number of SIGKILLs so far, from any sender, that were examined. */
  get kills(): number {
    return this.#kills;
  }

  async untilReady(): Promise<boolean> {
    return until(() => this.#isReady, READY_WITHIN);
  }

  /** Strikes it as it runs now; false: it does not run, or is held still. */
  strike(name: NodeJS.Signals): boolean {
    if (!this.isUp) return false;
    signal(this.#pid, name);
    if (name === 'SIGKILL') this.#isReady = false;
    return true;
  }

  /** As an operator restarts it: it ends what it has begun, and the next one starts. Settles when the old one is gone. */
  async restart(): Promise<boolean> {
    const { exited } = this.#launched;
    if (!this.strike('SIGTERM')) return false;
    await exited;
    return true;
  }

  /** Held still, as a paused machine is. */
  async freeze(milliseconds: number): Promise<boolean> {
    if (!this.strike('SIGSTOP')) return false;
    const pid = this.#pid;
    this.#frozen = true;
    await sleep(milliseconds);
    signal(pid, 'SIGCONT');
    this.#frozen = false;
    return true;
  }

  /** Ends it in order, for good. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#launched.stop();
  }

  #launch(): LaunchedApp {
    const mine = (this.#starts += 1);
    const { entry, env, onLine } = this.options;
    this.#isReady = false;
    const launched = (this.#launched = launchApp({
      entry,
      env: env(),
      onLine,
      onStart: (pid) => {
        this.#pid = pid;
      },
    }));
    void launched.ready.then(() => {
      if (mine === this.#starts) this.#isReady = true;
    });
    void launched.exited.then(async (reason) => {
      this.#isReady = false;
      onLine(`(ended with ${reason})`);
      const pause = sleep(AGAIN_AFTER);
      await this.options.onExit?.(reason).catch((error: unknown) => {
        onLine(`(not looked at: ${String(error)})`);
      });
      if (reason === 'SIGKILL') this.#kills += 1;
      if (!this.#isStopping) await pause;
      if (!this.#isStopping) this.#launch();
    });
    return launched;
  }
}
