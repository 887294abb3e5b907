import { Keyring } from '#crypto';
import type { Metrics, Secret } from '#observability';
import { registerProviders } from '#providers';
import { checkKeys } from './check-keys.js';
import { BreakerKeeper } from './gate/breaker-keeper.js';
import { ExchangeGate, type GateLimits } from './gate/exchange-gate.js';
import { FileJournal } from './journal/file-journal.js';
import type { Unsettled } from './journal/journal.js';
import { MeasuredExchanges } from './measured-exchanges.js';
import { makeRoom } from './make-room.js';
import { openPool, type PoolOptions } from './open-pool.js';
import type { CrashPoint, Room } from './room.js';
import { watchExchanges } from './watch-exchanges.js';

export interface RoomOptions extends PoolOptions {
  masterKeys: Secret;
  sandboxUrl: string;
  journalDir: string;
  gate: GateLimits;
  /** The operator's own, as the configuration has read them. */
  customProviders: unknown;
  metrics: Metrics;
  at?: ((point: CrashPoint) => void) | undefined;
}

export interface OpenedRoom {
  room: Room;
  /** What a process before this one left behind: to be settled before anything else is sent. */
  unsettled: Unsettled[];
  /** Sends away who waits to be let through: nothing of theirs was sent. */
  letNobodyIn(): void;
  close(): Promise<void>;
}

/**
 * The room of the process that talks to token endpoints. The journal comes first: who holds it knows that the process
 * before is dead.
 */
export async function openRoom(options: RoomOptions): Promise<OpenedRoom> {
  const { masterKeys, sandboxUrl, name, logger, at, signal: leaving } = options;
  registerProviders(options.customProviders);
  const keyring = new Keyring(masterKeys);
  const { journal, unsettled, id } = await FileJournal.open(options.journalDir, { keyring, logger });
  const pool = await openPool(options);
  await checkKeys({ pool, keyring, logger });
  const gate = new ExchangeGate(options.gate);
  const keeper = new BreakerKeeper(gate, pool, logger);
  await keeper.start();
  watchExchanges(options.metrics, { journal, gate });
  const metrics = new MeasuredExchanges(options.metrics);
  // Named after its journal: whoever holds that knows that the claims of this name are a dead process's.
  const holder = `${name}/${id}`;
  const room = makeRoom({
    pool,
    keyring,
    sandboxUrl,
    name,
    holder,
    logger,
    journal,
    gate,
    metrics,
    leaving,
    ...(at && { at }),
  });
  return {
    room,
    unsettled,
    letNobodyIn: () => {
      gate.drain();
    },
    close: async () => {
      await keeper.stop();
      await journal.close();
      await pool.end();
    },
  };
}
