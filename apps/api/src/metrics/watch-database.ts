import { Inject, Injectable } from '@nestjs/common';
import { databaseTime, operatingFacts } from '#accounts';
import { type Duration, seconds, withTimeout } from '#config';
import { type Fact, LOGGER, type Logger, Metrics } from '#observability';
import { Database } from '#persistence';

/** The database is read at most this often, however often the metrics are scraped. */
const CACHE_TIME: Duration = seconds(10);
const TIMEOUT: Duration = seconds(5);

/** Reads facts of the database when the metrics are scraped. A database that does not answer is reported as down, without old values. */
@Injectable()
export class WatchDatabase {
  #readAt = -Infinity;
  #reading?: Promise<void> | undefined;

  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    metrics.beforeText(() => this.refresh());
  }

  private async refresh(): Promise<void> {
    if (performance.now() - this.#readAt < CACHE_TIME) return;
    this.#reading ??= this.read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  private async read(): Promise<void> {
    try {
      const facts = await withTimeout(this.readFacts(), TIMEOUT, () => {
        throw new Error(`no answer within ${TIMEOUT} ms`);
      });
      this.metrics.replace('database', facts);
      this.#readAt = performance.now();
    } catch (error) {
      this.logger.warn({ err: error }, 'metrics.database_unavailable');
      this.metrics.replace('database', [{ name: 'evergrant_database_up', labels: {}, value: 0 }]);
    }
  }

  private async readFacts(): Promise<Fact[]> {
    const facts = await operatingFacts(this.database.pool);
    const sentAt = Date.now();
    const database = await databaseTime(this.database.pool);
    const ahead = (database - (sentAt + Date.now()) / 2) / 1_000;
    return [
      ...facts,
      { name: 'evergrant_database_up', labels: {}, value: 1 },
      { name: 'evergrant_database_clock_ahead_seconds', labels: {}, value: ahead },
    ];
  }
}
