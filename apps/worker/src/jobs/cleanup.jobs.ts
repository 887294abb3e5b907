import { Inject, Module } from '@nestjs/common';
import { RetireUnusedGrants, SweepAttempts, SweepBrokenSeals, SweepHistory } from '#accounts';
import { type WorkerConfig } from '#config';
import { attemptsSweep, grantsRetire, historySweep, sealsSweep } from '#jobs';
import { LOGGER, type Logger } from '#observability';
import { SweepWebhooks } from '#webhooks';
import { Handles } from '../runtime/handles.js';
import { WORKER_CONFIG } from '../worker-config.js';

/** Finishes, fails and deletes attempts. */
@Handles(attemptsSweep)
class SweepAttemptsJob {
  constructor(private readonly sweepAttempts: SweepAttempts) {}

  async execute(): Promise<void> {
    await this.sweepAttempts.execute();
  }
}

@Handles(grantsRetire)
class RetireGrantsJob {
  constructor(
    private readonly retireUnusedGrants: RetireUnusedGrants,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const grants = await this.retireUnusedGrants.sweep();
    if (grants > 0) this.logger.warn({ grants }, 'grants.found_unused');
  }
}

@Handles(historySweep)
class SweepHistoryJob {
  constructor(
    private readonly sweepHistory: SweepHistory,
    private readonly sweepWebhooks: SweepWebhooks,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const deleted = await this.sweepHistory.execute({ eventDays: this.config.retention.eventDays });
    if (deleted > 0) this.logger.info({ deleted }, 'cleanup.done');
    const webhooks = await this.sweepWebhooks.execute();
    if (webhooks.deleted > 0) this.logger.info({ deleted: webhooks.deleted }, 'webhooks.swept');
    if (webhooks.woken > 0) this.logger.warn({ lanes: webhooks.woken }, 'webhooks.lanes_woken');
  }
}

@Handles(sealsSweep)
class SweepSealsJob {
  constructor(
    private readonly sweepBrokenSeals: SweepBrokenSeals,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const rows = await this.sweepBrokenSeals.execute();
    if (rows > 0) this.logger.info({ rows }, 'seals.opened_again');
  }
}

@Module({ providers: [SweepSealsJob, SweepAttemptsJob, RetireGrantsJob, SweepHistoryJob] })
export class CleanupJobs {}
