import { type DynamicModule, Module } from '@nestjs/common';
import { Metrics } from '#observability';
import { MetricsController } from './metrics.controller.js';
import { WatchDatabase } from './watch-database.js';
import { WatchExchanger } from './watch-exchanger.js';

@Module({ controllers: [MetricsController] })
export class MetricsModule {
  static forRoot(metrics: Metrics): DynamicModule {
    return { module: MetricsModule, providers: [{ provide: Metrics, useValue: metrics }, WatchDatabase, WatchExchanger] };
  }
}
