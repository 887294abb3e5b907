import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, StartError } from './errors.mjs';

// Milliseconds.
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
const STEADY_AFTER = 60_000;

/**
 * One run of a service. `exited` resolves to the reason of its end, `startFailure` is the sentence of a run that could not start.
 * @typedef {{ exited: Promise<string>, ready?: Promise<void>, startFailure?: () => string | undefined,
 *   stop(): Promise<void> | void }} Running
 */

/**
 * One thing that must keep running. When it ends unexpectedly it is started again, each time after a longer pause, until a
 * run has lasted `steadyAfter`.
 */
export class Service {
  #launch;
  #print;
  /** @type {Promise<Running | undefined>} */
  #launched = Promise.resolve(undefined);
  #stopping = new AbortController();
  #steadyAfter;

  /**
   * @param {string} name
   * @param {() => Running | Promise<Running>} launch
   * @param {(line: string) => void} print
   * @param {{ steadyAfter?: number }} [options]
   */
  constructor(name, launch, print, { steadyAfter = STEADY_AFTER } = {}) {
    this.name = name;
    this.#launch = async () => launch();
    this.#print = print;
    this.#steadyAfter = steadyAfter;
  }

  /** Resolves when it is ready; throws when its first run ends before. */
  async start() {
    const first = await this.#run();
    const ended = first.exited.then((reason) => {
      const why = first.startFailure?.();
      throw new StartError(`${this.name} could not start${why ? `: ${why}` : ` (it ended with ${reason})`}`);
    });
    await Promise.race([first.ready, ended]);
    ended.catch(() => undefined);
    void this.#keepRunning(first);
  }

  async stop() {
    this.#stopping.abort();
    const running = await this.#launched.catch(() => undefined);
    await running?.stop();
  }

  /** @param {Running} running */
  async #keepRunning(running) {
    const { signal } = this.#stopping;
    let pause = FIRST_PAUSE;
    for (let ending = running.exited; ; ending = this.#again()) {
      const since = Date.now();
      const reason = await ending;
      if (signal.aborted) return;
      if (Date.now() - since > this.#steadyAfter) pause = FIRST_PAUSE;
      this.#print(`ended with ${reason}; it starts again in ${pause / 1_000} s`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  #run() {
    const launched = this.#launch();
    this.#launched = launched;
    return launched;
  }

  async #again() {
    return this.#run().then(({ exited }) => exited, messageOf);
  }
}
