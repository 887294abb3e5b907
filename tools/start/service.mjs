import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from './start-error.mjs';

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
const STEADY_AFTER = 60_000;

/**
 * One thing that must keep running. When it ends by itself it is started again, each time after a longer pause, until a
 * run has lasted `steadyAfter`. `launch` gives `{ exited: Promise<string>, ready?: Promise<void>, stop(): Promise<void> }`.
 */
export class Service {
  #launch;
  #say;
  #launched = Promise.resolve();
  #stopping = new AbortController();
  #steadyAfter;

  constructor(name, launch, say, { steadyAfter = STEADY_AFTER } = {}) {
    this.name = name;
    this.#launch = async () => launch();
    this.#say = say;
    this.#steadyAfter = steadyAfter;
  }

  /** Settles when it is up; throws when its first run ends before. */
  async start() {
    const first = await (this.#launched = this.#launch());
    const ended = first.exited.then((reason) => {
      throw new StartError(`${this.name} could not start (it ended with ${reason})`);
    });
    await Promise.race([first.ready, ended]);
    ended.catch(() => undefined);
    void this.#keepAlive(first);
  }

  async stop() {
    this.#stopping.abort();
    const running = await this.#launched.catch(() => undefined);
    await running?.stop();
  }

  async #keepAlive(running) {
    const { signal } = this.#stopping;
    let pause = FIRST_PAUSE;
    for (let ending = running.exited; ; ending = this.#again()) {
      const since = Date.now();
      const reason = await ending;
      if (signal.aborted) return;
      if (Date.now() - since > this.#steadyAfter) pause = FIRST_PAUSE;
      this.#say(`ended with ${reason}; it starts again in ${pause / 1_000} s`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  async #again() {
    this.#launched = this.#launch();
    return this.#launched.then(
      ({ exited }) => exited,
      (error) => error.message,
    );
  }
}
