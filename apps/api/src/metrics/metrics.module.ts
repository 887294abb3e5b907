import { type DynamicModule, Inject, Module } from '@nestjs/common';
import { RateCounter } from '#jobs';
import { Metrics } from '#observability';
import { HttpModule } from '../http/http.module.js';
import { MetricsController } from './metrics.controller.js';
import { WatchDatabase } from './watch-database.js';
import { WatchExchanger } from './watch-exchanger.js';

@Module({ imports: [HttpModule], controllers: [MetricsController] })
export class MetricsModule {
  /** This process uses the queue's Redis for rate limits; where the queue is in PostgreSQL, `evergrant_queue_up` is not registered. */
  constructor(@Inject(Metrics) metrics: Metrics, @Inject(RateCounter) counter: RateCounter) {
    metrics.beforeText(async () => {
      metrics.set(
        'evergrant_queue_up',
        {},
        await counter.ping().then(
          () => 1,
          () => 0,
        ),
      );
    });
  }

  static forRoot(metrics: Metrics): DynamicModule {
    return {
      module: MetricsModule,
      providers: [{ provide: Metrics, useValue: metrics }, WatchDatabase, WatchExchanger],
    };
  }
}
