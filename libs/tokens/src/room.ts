import type { Pool } from 'pg';
import type { Keyring } from '#crypto';
import type { Logger } from '#observability';
import type { ExchangeMetrics } from './exchange-metrics.js';
import type { Gate } from './gate/gate.js';
import type { Journal } from './journal/journal.js';
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
  journal: Journal;
  gate: Gate;
  metrics: ExchangeMetrics;
  /** Milliseconds between the tries of one revocation. */
  revocationPauses: readonly number[];
  /** Aborts when the process is told to end. */
  leaving: AbortSignal;
  /** Called at each point where a crash would matter; the fault test dies there. */
  at?(point: CrashPoint): void;
}

/** The windows of the table in docs/refresh.md. */
export type CrashPoint = 'W1' | 'W2' | 'W3' | 'W4' | 'W5' | 'W6' | 'W7';
