import { type DynamicModule, Module } from '@nestjs/common';
import { type QueueBackend } from '#jobs';
import { Metrics } from '#observability';
import { Database } from '#persistence';
import { OperationsServer } from './operations-server.js';
import { WorkerReadiness } from './worker-readiness.js';

/** Metrics and health of the worker. */
@Module({})
export class OperationsModule {
  static with(metrics: Metrics, backend: QueueBackend): DynamicModule {
    const readiness = {
      provide: WorkerReadiness,
      inject: [Database],
      useFactory: (database: Database) => new WorkerReadiness(database, backend),
    };
    return {
      module: OperationsModule,
      providers: [{ provide: Metrics, useValue: metrics }, readiness, OperationsServer],
    };
  }
}
