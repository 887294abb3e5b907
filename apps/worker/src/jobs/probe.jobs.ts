import { Inject, Module } from '@nestjs/common';
import { DueProbes } from '#accounts';
import { accountProbe, JobQueue, type PayloadOf, probesSweep } from '#jobs';
import { annotateSpan, LOGGER, type Logger } from '#observability';
import { Handles } from '../runtime/handles.js';

const MAX_ACCOUNTS_PER_SWEEP = 200;

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
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async execute({ accountId }: PayloadOf<typeof accountProbe>): Promise<void> {
    annotateSpan({ 'evergrant.account.id': accountId });
    const outcome = await this.dueProbes.probe(accountId);
    annotateSpan({ 'evergrant.outcome': outcome });
    this.logger.info({ account: accountId, outcome }, 'probe.settled');
  }
}

@Module({ providers: [SweepProbesJob, ProbeAccountJob] })
export class ProbeJobs {}
