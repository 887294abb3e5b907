import { Inject, Module } from '@nestjs/common';
import { DueProbes } from '#accounts';
import type { WorkerConfig } from '#config';
import { accountProbe, JobQueue, type PayloadOf, probesSweep } from '#jobs';
import { annotateSpan, LOGGER, type Logger } from '#observability';
import { Handles } from '../runtime/handles.js';
import { WORKER_CONFIG } from '../worker-config.js';

const MAX_ACCOUNTS_PER_SWEEP = 200;
/** Of the jobs that a worker runs at a time, those that probe one platform: it may hang. */
const MAX_SHARE_OF_PLATFORM = 1 / 4;

/** Finds the accounts whose probe is due and requests one job for each. */
@Handles(probesSweep)
class SweepProbesJob {
  constructor(
    private readonly dueProbes: DueProbes,
    private readonly queue: JobQueue,
  ) {}

  async execute(): Promise<void> {
    const due = await this.dueProbes.claim(MAX_ACCOUNTS_PER_SWEEP);
    await this.queue.enqueueAll(
      accountProbe,
      due.map((accountId) => ({ accountId })),
    );
  }
}

/** Probes one account. A failure at the platform is an outcome and fails no job. */
@Handles(accountProbe)
class ProbeAccountJob {
  constructor(
    private readonly dueProbes: DueProbes,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ accountId }: PayloadOf<typeof accountProbe>): Promise<void> {
    annotateSpan({ 'evergrant.account.id': accountId });
    const perPlatform = Math.max(1, Math.floor(this.config.worker.concurrency * MAX_SHARE_OF_PLATFORM));
    const outcome = await this.dueProbes.probeClaimed(accountId, { perPlatform });
    annotateSpan({ 'evergrant.outcome': outcome });
    this.logger.info({ account: accountId, outcome }, 'probe.settled');
  }
}

@Module({ providers: [SweepProbesJob, ProbeAccountJob] })
export class ProbeJobs {}
