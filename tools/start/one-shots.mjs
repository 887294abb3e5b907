import { signal } from './processes.mjs';
import { run } from './run.mjs';

/** Programs that run to their end. A stop of the launcher stops the running one as well. */
export class OneShots {
  #running = new Set();
  #onStart;

  constructor(onStart) {
    this.#onStart = onStart;
  }

  /** As `run`; the process is recorded while it runs. */
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

  /** Each leads a process group of its own, so that its child processes stop with it. */
  stop() {
    for (const pid of this.#running) signal(-pid, 'SIGTERM');
  }
}
