import { signal } from './processes.mjs';
import { run } from './run.mjs';

/** Programs that run to their end, so that whoever stops the launcher stops the one under way as well. */
export class OneShots {
  #running = new Set();
  #onStart;

  constructor(onStart) {
    this.#onStart = onStart;
  }

  /** As `run`, remembered while it lasts. */
  run = async (command, args, options) => {
    let pid;
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

  /** Each leads a group of its own, so that what it started goes with it. */
  stop() {
    for (const pid of this.#running) signal(-pid, 'SIGTERM');
  }
}
