import { Inject, Injectable, Module } from '@nestjs/common';
import { RetireUnusedGrants, SweepAttempts, SweepHistory } from '#accounts';
import { type WorkerConfig } from '#config';
import { attemptsSweep, grantsRetire, historySweep } from '#jobs';
import { LOGGER, type Logger } from '#observability';
import { Database, deleteOldIdempotencyKeys } from '#persistence';
import { Handles } from '../runtime/handles.js';
import { WORKER_CONFIG } from '../worker-config.js';

/** Deletes expired idempotency keys. */
@Injectable()
export class DeleteIdempotencyKeys {
  constructor(private readonly database: Database) {}

  async execute(): Promise<void> {
    await deleteOldIdempotencyKeys(this.database.pool);
  }
}

/** Finishes, fails and deletes attempts, and deletes other rows whose retention is one day. */
@Handles(attemptsSweep)
class SweepAttemptsJob {
  constructor(
    private readonly sweepAttempts: SweepAttempts,
    private readonly deleteIdempotencyKeys: DeleteIdempotencyKeys,
  ) {}

  async execute(): Promise<void> {
    await this.deleteIdempotencyKeys.execute();
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
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute(): Promise<void> {
    const deleted = await this.sweepHistory.execute({ eventDays: this.config.retention.eventDays });
    if (deleted > 0) this.logger.info({ deleted }, 'cleanup.done');
  }
}

@Module({ providers: [DeleteIdempotencyKeys, SweepAttemptsJob, RetireGrantsJob, SweepHistoryJob] })
export class CleanupJobs {}
