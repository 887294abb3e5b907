import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Duration } from '#config';

const PAUSE: Duration = 500;

/**
 * A pool that takes half a second to say that it cannot connect: BullMQ's worker asks again at once after most errors
 * of a connection, and would spend an outage in a busy loop.
 */
export class PatientPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    const client = this.#connectPatiently();
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

  async #connectPatiently(): Promise<pg.PoolClient> {
    try {
      return await super.connect();
    } catch (error) {
      await sleep(PAUSE);
      throw error;
    }
  }
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;
