import { setTimeout as sleep } from 'node:timers/promises';
import { type Duration, seconds } from '#config';
import { type QueueBackend } from '#jobs';
import { type Database } from '#persistence';

export interface Check {
  name: string;
  ok: boolean;
  /** Why not: words of ours, since anyone may ask. */
  reason?: string;
}

const WITHIN: Duration = seconds(2);

/** Whether this worker can work: the database and the queue are asked, not remembered. */
export class WorkerReadiness {
  #closing = false;

  constructor(
    private readonly database: Database,
    private readonly backend: QueueBackend,
  ) {}

  /** From now on no job is taken any more. */
  beginClosing(): void {
    this.#closing = true;
  }

  queueAnswers(): Promise<boolean> {
    return this.backend.ping(WITHIN).then(
      () => true,
      () => false,
    );
  }

  async checks(): Promise<Check[]> {
    if (this.#closing) return [{ name: 'process', ok: false, reason: 'is closing' }];
    return Promise.all([
      check('database', this.database.pool.query('select 1')),
      check('queue', this.backend.ping(WITHIN)),
    ]);
  }
}

async function check(name: string, asked: Promise<unknown>): Promise<Check> {
  const late = sleep(WITHIN, { name, ok: false, reason: `did not answer within ${WITHIN} ms` }, { ref: false });
  const answered = asked.then(
    (): Check => ({ name, ok: true }),
    (): Check => ({ name, ok: false, reason: 'cannot be reached' }),
  );
  return Promise.race([answered, late]);
}
