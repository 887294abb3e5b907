import { signal } from './processes.mjs';
import { run } from './run.mjs';

/** Programs that run to their end. A stop of the launcher stops the running one too. */
export class OneShots {
  /** @type {Set<number>} */
  #running = new Set();
  #onStart;

  /** @param {(pid: number) => void} onStart */
  constructor(onStart) {
    this.#onStart = onStart;
  }

  /**
   * As `run`; the process is recorded while it runs.
   * @type {import('./run.mjs').Run}
   */
  run = async (command, args, options) => {
    let pid = 0;
    /** @param {number} started */
    const onStart = (started) => {
      this.#running.add((pid = started));
      this.#onStart(started);
    };
    try {
      return await run(command, args, { ...options, onStart });
    } finally {
      this.#running.delete(pid);
    }
  };

  /** Each leads a process group of its own, so that its child processes stop with it. */
  stop() {
    for (const pid of this.#running) signal(-pid, 'SIGTERM');
  }
}
