import { setTimeout as sleep } from 'node:timers/promises';
import { type Duration, seconds } from '#config';
import { type QueueBackend } from '#jobs';
import { type Database } from '#persistence';

export interface Check {
  name: string;
  ok: boolean;
  /** A fixed text without details, since the endpoint is public. */
  reason?: string;
}

const CHECK_TIMEOUT: Duration = seconds(2);

/** Readiness of this worker. Each check sends a request to the database and the queue. */
export class WorkerReadiness {
  #closing = false;

  constructor(
    private readonly database: Database,
    private readonly backend: QueueBackend,
  ) {}

  /** From now on the worker takes no job. */
  beginClosing(): void {
    this.#closing = true;
  }

  queueAnswers(): Promise<boolean> {
    return this.backend.ping(CHECK_TIMEOUT).then(
      () => true,
      () => false,
    );
  }

  async checks(): Promise<Check[]> {
    if (this.#closing) return [{ name: 'process', ok: false, reason: 'is closing' }];
    return Promise.all([
      check('database', this.database.pool.query('select 1')),
      check('queue', this.backend.ping(CHECK_TIMEOUT)),
    ]);
  }
}

async function check(name: string, result: Promise<unknown>): Promise<Check> {
  const late = sleep(
    CHECK_TIMEOUT,
    { name, ok: false, reason: `did not answer within ${CHECK_TIMEOUT} ms` },
    { ref: false },
  );
  const answered = result.then(
    (): Check => ({ name, ok: true }),
    (): Check => ({ name, ok: false, reason: 'cannot be reached' }),
  );
  return Promise.race([answered, late]);
}
