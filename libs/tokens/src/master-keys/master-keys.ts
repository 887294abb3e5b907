import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { Keyring } from '#crypto';
import type { Logger, Secret } from '#observability';
import { KeyHolder } from './key-holder.js';
import { type KeyReport, readKeyReport } from './key-report.js';
import { retireKey, type RetireOptions } from './retire-key.js';
import type { RewrapOptions } from './rewrap-rows.js';
import { type Rotation, rotateKeys } from './rotate-keys.js';

/** The operator's commands for master keys. */
export class MasterKeys {
  readonly #keyring: Keyring;

  constructor(
    private readonly pool: Pool,
    masterKeys: Secret,
    private readonly logger: Logger,
  ) {
    this.#keyring = new Keyring(masterKeys);
  }

  report(): Promise<KeyReport> {
    return readKeyReport(this.pool, this.#keyring);
  }

  /** Wraps all rows under the first key, while the service runs. */
  async rotate(options: Pick<RewrapOptions, 'rowsPerSecond' | 'onBatch'>): Promise<Rotation> {
    const [pool, keyring] = [this.pool, this.#keyring];
    const holder = await KeyHolder.start({
      pool,
      keyring,
      logger: this.logger,
      process: 'keys rotate',
      id: randomUUID(),
    });
    try {
      return await rotateKeys({ ...options, pool, keyring });
    } finally {
      await holder.stop();
    }
  }

  retire(keyId: string, options?: RetireOptions): Promise<void> {
    return retireKey(this.pool, this.#keyring, keyId, options);
  }
}
