import { type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { type DiscoveryService } from '@nestjs/core';
import { seconds } from '#config';
import { type JobContract, type QueueBackend } from '#jobs';
import { type Logger, type Metrics } from '#observability';
import { type FoundHandler, mapHandlers } from './handler-map.js';
import { HandledJob, type JobHandler } from './handles.js';
import { JobDispatcher } from './job-dispatcher.js';
import { type Schedule, ScheduleKeeper } from './schedule-keeper.js';

export interface RuntimeOptions {
  backend: QueueBackend;
  contracts: readonly JobContract[];
  schedules: readonly Schedule[];
  concurrency: number;
  logger: Logger;
  /** Counts the runs of jobs, if given. */
  metrics?: Metrics;
}

/** A database that starts at the same time needs some seconds. */
const QUEUE_START_TIMEOUT = seconds(30);

/** Takes jobs once every module is ready, and waits for running jobs before a module closes a resource that they need. */
export class WorkerRuntime implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #schedules: ScheduleKeeper;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly options: RuntimeOptions,
  ) {
    this.#schedules = new ScheduleKeeper(options.backend.queue(), options.schedules, options.logger);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { backend, contracts, concurrency, logger, metrics } = this.options;
    const dispatcher = new JobDispatcher(mapHandlers(contracts, this.#found()), logger, metrics);
    await backend.waitUntilReady(QUEUE_START_TIMEOUT);
    await this.#schedules.start();
    await backend.work({ concurrency, run: (job) => dispatcher.run(job) });
    logger.info({ queue: backend.kind, concurrency }, 'worker.started');
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#schedules.stop();
    await this.options.backend.close();
  }

  #found(): FoundHandler[] {
    return this.discovery.getProviders({ metadataKey: HandledJob.KEY }).flatMap((provider) => {
      const contract = this.discovery.getMetadataByDecorator(HandledJob, provider);
      return contract
        ? [{ contract, className: provider.name as string, handler: provider.instance as JobHandler }]
        : [];
    });
  }
}
