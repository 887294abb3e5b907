import { Journal } from './journal.js';
import type { Pause, Steps } from './steps.js';
import type { Wire } from './network.js';

/** One exchange that runs in an exchanger, paused between two steps. */
export interface Task {
  readonly name: string;
  readonly steps: Steps<void>;
  pause: Pause;
  wire?: Wire;
}

/** One machine with its exchanger and its journal volume. */
export class Host {
  journal = new Journal();
  /** In memory: one exchange for each grant, shared by its callers. */
  readonly tasks = new Map<string, Task>();
  state: 'up' | 'down' | 'gone' = 'up';
  frozen = false;
  recovering = false;

  constructor(readonly name: string) {}

  get runs(): boolean {
    return this.state === 'up' && !this.frozen;
  }
}
