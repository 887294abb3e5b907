import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatingFacts } from '#accounts';
import { type Duration, seconds } from '#config';
import { type Fact, LOGGER, type Logger, Metrics } from '#observability';

/** However often and by how many it is scraped, the database is asked this seldom. */
const KEEP: Duration = seconds(10);
const WITHIN: Duration = seconds(5);

/** Reads what only the database knows when the metrics are asked for; one that is away is told as that, and nothing old. */
@Injectable()
export class WatchDatabase {
  #readAt = -Infinity;
  #reading?: Promise<void> | undefined;

  constructor(
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly facts: OperatingFacts,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    metrics.beforeText(() => this.refresh());
  }

  private async refresh(): Promise<void> {
    if (performance.now() - this.#readAt < KEEP) return;
    this.#reading ??= this.read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  private async read(): Promise<void> {
    try {
      const late = sleep(WITHIN, undefined, { ref: false }).then(() => {
        throw new Error(`no answer within ${WITHIN} ms`);
      });
      this.metrics.replace('database', await Promise.race([this.ask(), late]));
      this.#readAt = performance.now();
    } catch (error) {
      this.logger.warn({ err: error }, 'the numbers of the database could not be read');
      this.metrics.replace('database', [{ name: 'evergrant_database_up', labels: {}, value: 0 }]);
    }
  }

  private async ask(): Promise<Fact[]> {
    const facts = await this.facts.execute();
    const asked = Date.now();
    const database = await this.facts.clock();
    const ahead = (database - (asked + Date.now()) / 2) / 1_000;
    return [
      ...facts,
      { name: 'evergrant_database_up', labels: {}, value: 1 },
      { name: 'evergrant_database_clock_ahead_seconds', labels: {}, value: ahead },
    ];
  }
}
