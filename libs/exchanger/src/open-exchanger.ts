import { Keyring } from '#crypto';
import type { Metrics, Secret } from '#observability';
import { registerProviders } from '#providers';
import { checkKeys, createTokenContext, KeyHolder } from '#tokens';
import type { Pool } from 'pg';
import type { CrashPoint, ExchangerContext } from './exchanger-context.js';
import { BreakerKeeper } from './gate/breaker-keeper.js';
import { ExchangeGate, type GateLimits } from './gate/exchange-gate.js';
import { FileJournal } from './journal/file-journal.js';
import type { Unsettled } from './journal/journal.js';
import { MeasuredExchanges, watchExchanges } from './metrics.js';
import { openPool, type PoolOptions } from './open-pool.js';
import { noteStart } from './store/journal-folders.js';

export interface ExchangerOptions extends PoolOptions {
  masterKeys: Secret;
  sandboxUrl: string;
  journalDir: string;
  gate: GateLimits;
  /** The operator's own providers, as the configuration has read them. */
  customProviders: unknown;
  metrics: Metrics;
  at?: ((point: CrashPoint) => void) | undefined;
}

export interface OpenedExchanger {
  context: ExchangerContext;
  /** What the previous process left in the journal: to be settled before anything else is sent. */
  unsettled: Unsettled[];
  /** Whether the journal is the one in which the ended process wrote last, and no copy of it. */
  isOwn: boolean;
  /** Rejects every request that waits at the gate: none of them was sent. */
  closeGate(): void;
  close(): Promise<void>;
}

/**
 * Opens what the exchanger works with. The keys are checked before the journal is opened: with wrong keys its records would
 * not open. For the process that holds the lock of the journal, the previous process has ended.
 */
export async function openExchanger(options: ExchangerOptions): Promise<OpenedExchanger> {
  registerProviders(options.customProviders);
  const pool = await openPool(options);
  try {
    return await openWith(pool, options);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function openWith(pool: Pool, options: ExchangerOptions): Promise<OpenedExchanger> {
  const { masterKeys, sandboxUrl, name, logger, at } = options;
  const keyring = new Keyring(masterKeys);
  const checked = await checkKeys({ pool, keyring, logger });
  const { journal, unsettled, folder } = await FileJournal.open(options.journalDir, { keyring, logger });
  const { id, isOwn } = await noteStart(pool, folder);
  if (!isOwn && unsettled.length > 0) logger.warn({ unsettled: unsettled.length }, 'journal.copied');
  const keys = await KeyHolder.start({
    ...{ pool, keyring, logger, id, checked },
    process: name,
    journal: () => journal.exchangesByKey,
  });
  const gate = new ExchangeGate(options.gate);
  const keeper = new BreakerKeeper(gate, pool, logger);
  await keeper.start();
  watchExchanges(options.metrics, { journal, gate });
  const context: ExchangerContext = {
    ...createTokenContext({ pool, keyring, logger, sandboxUrl, metrics: options.metrics }),
    // Named after the journal: for the process that holds the journal, claims of this name are of an ended process.
    holder: `${name}/${id}`,
    journal,
    gate,
    metrics: new MeasuredExchanges(options.metrics),
    ...(at && { at }),
  };
  return {
    context,
    unsettled,
    isOwn,
    closeGate: () => {
      gate.drain();
    },
    close: async () => {
      await keeper.stop();
      await keys.stop();
      await journal.close();
      await pool.end();
    },
  };
}
