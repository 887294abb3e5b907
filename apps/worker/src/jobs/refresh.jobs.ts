import { Inject, Module } from '@nestjs/common';
import { ConfirmSecret, DueGrants } from '#accounts';
import type { WorkerConfig } from '#config';
import { grantRefresh, grantsSweep, JobQueue, type PayloadOf, secretConfirm } from '#jobs';
import { annotateSpan, LOGGER, type Logger } from '#observability';
import { Handles } from '../runtime/handles.js';
import { GRANTS_SWEEP_INTERVAL } from '../schedules.js';
import { WORKER_CONFIG } from '../worker-config.js';

const SECONDS_PER_SWEEP = GRANTS_SWEEP_INTERVAL / 1_000;
const MAX_GRANTS_PER_SECOND = 300;

/**
 * Finds the grants that are due and requests one job for each. PostgreSQL is the source of truth: a later sweep finds the
 * grants whose jobs the queue lost. A sweep requests no more jobs of an app than its rate allows until the next sweep: the
 * other grants wait in their rows, not in the queue. Grants of an app with a new secret are left to the job of that app.
 */
@Handles(grantsSweep)
class SweepGrantsJob {
  constructor(
    private readonly dueGrants: DueGrants,
    private readonly confirmSecret: ConfirmSecret,
    private readonly queue: JobQueue,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  async execute(): Promise<void> {
    const perApp = Math.ceil(this.config.gate.perSecond * SECONDS_PER_SWEEP);
    const due = await this.dueGrants.execute({ perApp, all: MAX_GRANTS_PER_SECOND * SECONDS_PER_SWEEP });
    await this.queue.enqueueAll(
      grantRefresh,
      due.map((grantId) => ({ grantId })),
    );
    await this.queue.enqueueAll(
      secretConfirm,
      (await this.confirmSecret.findWaiting()).map((oauthAppId) => ({ oauthAppId })),
    );
  }
}

/** Refreshes one grant. A failure at the platform is an outcome, stored with the time of the next try, and fails no job. */
@Handles(grantRefresh)
class RefreshGrantJob {
  constructor(
    private readonly dueGrants: DueGrants,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ grantId }: PayloadOf<typeof grantRefresh>): Promise<void> {
    annotateSpan({ 'evergrant.grant.id': grantId });
    const outcome = await this.dueGrants.refresh(grantId);
    annotateSpan({ 'evergrant.outcome': outcome });
    this.logger.info({ grant: grantId, outcome }, 'refresh.settled');
  }
}

/** Uses the new secret of an app for one grant, before all of its grants do. */
@Handles(secretConfirm)
class ConfirmSecretJob {
  constructor(private readonly confirmSecret: ConfirmSecret) {}

  async execute({ oauthAppId }: PayloadOf<typeof secretConfirm>): Promise<void> {
    await this.confirmSecret.execute(oauthAppId);
  }
}

@Module({ providers: [SweepGrantsJob, RefreshGrantJob, ConfirmSecretJob] })
export class RefreshJobs {}
