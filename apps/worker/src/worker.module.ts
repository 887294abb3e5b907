import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { AccountsModule, exchangerAt } from '#accounts';
import { type WorkerConfig } from '#config';
import { knownJobs, openQueueBackend } from '#jobs';
import { type Logger, Metrics } from '#observability';
import { WebhooksModule } from '#webhooks';
import { CleanupJobs } from './jobs/cleanup.jobs.js';
import { ProbeJobs } from './jobs/probe.jobs.js';
import { RefreshJobs } from './jobs/refresh.jobs.js';
import { OperationsModule } from './operations/operations.module.js';
import { WebhookDelivery } from './webhook-delivery.js';
import { RuntimeModule } from './runtime/runtime.module.js';
import { schedules } from './schedules.js';
import { WORKER_CONFIG } from './worker-config.js';

/** The handlers, one entry for each file of jobs/. A handler injects use cases, LOGGER, WORKER_CONFIG and JobQueue. */
const handlers: NonNullable<ModuleMetadata['imports']> = [RefreshJobs, ProbeJobs, CleanupJobs];

/** The worker: the use cases that jobs call, without HTTP. */
@Module({})
export class WorkerModule {
  static with(config: WorkerConfig, logger: Logger): DynamicModule {
    const backend = openQueueBackend({ databaseUrl: config.database.url, redisUrl: config.queue.redisUrl, logger });
    const { concurrency } = config.worker;
    const metrics = new Metrics({ process: 'worker', sources: ['jobs', 'queue', 'profiles', 'webhooks'] });
    const runtime = RuntimeModule.with({ backend, contracts: knownJobs, schedules, concurrency, logger, metrics });
    const shared = [{ provide: WORKER_CONFIG, useValue: config }];
    const accounts = AccountsModule.forRoot({
      config,
      logger,
      name: 'worker',
      exchanger: exchangerAt(config.exchangerSocket),
      metrics,
    });
    const webhooks = [WebhooksModule.forRoot(config.webhooks), WebhookDelivery.with(metrics)];
    const imports = [accounts, ...webhooks, ...handlers, OperationsModule.with(metrics, backend), runtime];
    return { module: WorkerModule, global: true, imports, providers: shared, exports: shared };
  }
}
