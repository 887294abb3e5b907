import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { AccountsModule, exchangerAt } from '#accounts';
import { type WorkerConfig } from '#config';
import { knownJobs, openQueueBackend } from '#jobs';
import { type Logger, Metrics } from '#observability';
import { CleanupModule } from './cleanup/cleanup.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { ProbeModule } from './probe/probe.module.js';
import { RefreshModule } from './refresh/refresh.module.js';
import { RuntimeModule } from './runtime/runtime.module.js';
import { schedules } from './schedules.js';
import { WORKER_CONFIG } from './worker-config.js';

/** One line for each folder of handlers; they may inject LOGGER, WORKER_CONFIG and JobQueue. */
const features: NonNullable<ModuleMetadata['imports']> = [RefreshModule, ProbeModule, CleanupModule];

/** The worker: the use cases that jobs call, without any HTTP. */
@Module({})
export class WorkerModule {
  static with(config: WorkerConfig, logger: Logger): DynamicModule {
    const backend = openQueueBackend({ databaseUrl: config.database.url, redisUrl: config.queue.redisUrl, logger });
    const { concurrency } = config.worker;
    const metrics = new Metrics({ process: 'worker', sources: ['jobs', 'queue'] });
    const runtime = RuntimeModule.with({ backend, contracts: knownJobs, schedules, concurrency, logger, metrics });
    const shared = [{ provide: WORKER_CONFIG, useValue: config }];
    const accounts = AccountsModule.forRoot({
      config,
      logger,
      name: 'worker',
      exchanger: exchangerAt(config.exchangerSocket),
    });
    const imports = [accounts, ...features, OperationsModule.with(metrics, backend), runtime];
    return { module: WorkerModule, global: true, imports, providers: shared, exports: shared };
  }
}
