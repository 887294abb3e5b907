import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Duration } from '#config';

const REFUSAL_DELAY: Duration = 500;

/**
 * A pool that waits half a second before it reports a failed connection. BullMQ's worker retries at once after most connection
 * errors, and would run a busy loop during an outage.
 */
export class DelayingPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const client = this.#connectOrDelay();
    if (!callback) return client;
    client.then(
      (connected) => {
        callback(undefined, connected, (release) => {
          connected.release(release);
        });
      },
      (error: unknown) => {
        callback(error as Error, undefined, () => undefined);
      },
    );
  }

  async #connectOrDelay(): Promise<pg.PoolClient> {
    try {
      return await super.connect();
    } catch (error) {
      await sleep(REFUSAL_DELAY);
      throw error;
    }
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;
