import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { AccountsModule } from '#accounts';
import { type WorkerConfig } from '#config';
import { knownJobs, openQueueBackend } from '#jobs';
import { type Logger } from '#observability';
import { CleanupModule } from './cleanup/cleanup.module.js';
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
    const runtime = RuntimeModule.with({ backend, contracts: knownJobs, schedules, concurrency, logger });
    const shared = [{ provide: WORKER_CONFIG, useValue: config }];
    return { module: WorkerModule, global: true, imports: [AccountsModule.forRoot({ config, logger, name: 'worker' }), ...features, runtime], providers: shared, exports: shared };
  }
}
