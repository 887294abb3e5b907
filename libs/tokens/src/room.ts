import type { Pool } from 'pg';
import type { Keyring } from '#crypto';
import type { Logger } from '#observability';
import type { PlatformClient } from './platform-client.js';
import type { Random } from './protocol/due.js';
import type { Vault } from './vault.js';

/** What the exchanges share: one database, one set of keys, one way to the platforms. */
export interface Room {
  pool: Pool;
  keyring: Keyring;
  vault: Vault;
  client: PlatformClient;
  logger: Logger;
  /** Who holds the claims of this process. */
  holder: string;
  random: Random;
}
