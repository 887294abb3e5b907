import type { Pool } from 'pg';
import type { Keyring } from '#crypto';
import type { Logger, Metrics } from '#observability';
import { PROVIDER_NAMES, providerOf } from '#providers';
import { PlatformClient } from './platform-client.js';
import type { Random } from './protocol/schedule.js';
import { Vault } from './vault.js';

/** The collaborators of every process that handles tokens: a database, the keys, and a client for the platforms' APIs. */
export interface TokenContext {
  pool: Pool;
  keyring: Keyring;
  vault: Vault;
  client: PlatformClient;
  logger: Logger;
  random: Random;
  /** Counts a list of profiles that proves nothing about those missing in it. */
  countIncompleteList(provider: string): void;
}

interface TokenContextOptions {
  pool: Pool;
  keyring: Keyring;
  logger: Logger;
  sandboxUrl: string;
  /** Undefined in a process that reports none. */
  metrics?: Metrics | undefined;
}

export function createTokenContext({ pool, keyring, logger, sandboxUrl, metrics }: TokenContextOptions): TokenContext {
  // Prometheus sees no growth in a counter that first appears with 1.
  for (const provider of PROVIDER_NAMES.filter((name) => providerOf(name).profiles))
    metrics?.add('evergrant_profile_lists_incomplete_total', { provider }, 0);
  return {
    pool,
    keyring,
    vault: new Vault(keyring),
    client: new PlatformClient(sandboxUrl),
    logger,
    random: Math.random,
    countIncompleteList: (provider) => metrics?.add('evergrant_profile_lists_incomplete_total', { provider }),
  };
}
