import { setTimeout as sleep } from 'node:timers/promises';
import { seconds } from '#config';
import { noteResults } from '../endpoints/endpoint-health.js';
import type { Attempted, DeliveryContext } from './deliver.js';
import { storeResults } from './store-results.js';

const MAX_BATCH = 100;
const RETRY_AFTER = seconds(0.25);
/** A result is stored again until its claim is about to end: without it, the event would be sent a second time. */
const LONGEST_STORING = seconds(55);

interface Waiting {
  attempted: Attempted;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Stores the results of attempts: those that come while a transaction is under way are stored together by the next one. */
export class ResultQueue {
  #waiting: Waiting[] = [];
  #isStoring = false;
  #isStopped = false;

  constructor(private readonly context: Pick<DeliveryContext, 'pool' | 'scale' | 'logger'>) {}

  /** Resolves when the result is stored. */
  add(attempted: Attempted): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ attempted, resolve, reject });
      if (!this.#isStoring) void this.storeAll();
    });
  }

  /** What cannot be stored now is given up from here on. */
  stop(): void {
    this.#isStopped = true;
  }

  private async storeAll(): Promise<void> {
    this.#isStoring = true;
    // Results that arrive in the same turn belong to the first batch, too.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.storeBatch(this.#waiting.splice(0, MAX_BATCH));
    this.#isStoring = false;
  }

  private async storeBatch(batch: Waiting[]): Promise<void> {
    try {
      await this.store(batch.map(({ attempted }) => attempted));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length > 1 && isRefused(error)) for (const one of batch) await this.storeBatch([one]);
      else await this.retry(batch, error);
    }
  }

  private async store(batch: Attempted[]): Promise<void> {
    const { pool, scale } = this.context;
    await storeResults(
      pool,
      batch.map(({ result }) => result),
    );
    const noted = batch.flatMap(({ result: { delivery }, endpoint: kind }) =>
      kind === null ? [] : [{ endpoint: { ...delivery, id: delivery.webhookId }, kind }],
    );
    await noteResults(pool, noted, scale);
  }

  private async retry(batch: Waiting[], error: unknown): Promise<void> {
    const isOver = ({ attempted: { result } }: Waiting): boolean =>
      this.#isStopped || isRefused(error) || performance.now() - result.delivery.claimedAt > LONGEST_STORING;
    for (const one of batch) {
      if (isOver(one)) one.reject(error);
      else this.#waiting.push(one);
    }
    this.context.logger.warn({ err: error, results: batch.length }, 'webhooks.results_not_stored');
    await sleep(RETRY_AFTER);
  }
}

/** SQLSTATE classes 22 and 23: the values are the reason, so a repetition fails again. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code));
