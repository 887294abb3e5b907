import { hostname } from 'node:os';
import type { Pool } from 'pg';
import type { Keyring } from '#crypto';
import type { Logger } from '#observability';
import { newId } from '#persistence/sql';
import { REVOCATION_PAUSES } from './exchange/revoke-tokens.js';
import { NoMetrics } from './exchange-metrics.js';
import { OpenGate } from './gate/gate.js';
import { NoJournal } from './journal/journal.js';
import { PlatformClient } from './platform-client.js';
import type { Room } from './room.js';
import { Vault } from './vault.js';

export interface RoomBasis extends Partial<Room> {
  pool: Pool;
  keyring: Keyring;
  logger: Logger;
  /** The process: `api`, `exchanger`. */
  name: string;
  sandboxUrl: string;
}

/** A room with what a process has; without a journal and a gate it is one that sends nothing to token endpoints, or a test's. */
export const makeRoom = ({ name, sandboxUrl, ...parts }: RoomBasis): Room => ({
  vault: new Vault(parts.keyring),
  client: new PlatformClient(sandboxUrl),
  holder: `${name}@${hostname()}/${newId()}`,
  random: Math.random,
  journal: new NoJournal(),
  gate: new OpenGate(),
  metrics: new NoMetrics(),
  revocationPauses: REVOCATION_PAUSES,
  leaving: new AbortController().signal,
  ...parts,
});
