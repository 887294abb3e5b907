import { Inject } from '@nestjs/common';
import { DueGrants } from '#accounts';
import type { WorkerConfig } from '#config';
import { grantRefresh, grantsSweep, JobQueue } from '#jobs';
import { Handles } from '../runtime/handles.js';
import { WORKER_CONFIG } from '../worker-config.js';

/** What one sweep asks for at most: three hundred a second. */
const BATCH = 3_000;
/** Until the next sweep. */
const SECONDS = 10;

/**
 * Finds the grants that are due and asks for one job each; PostgreSQL is the truth, so what the queue forgot comes back. Of
 * no app more than its permits let through until the next sweep: what has to wait waits in its row, not in the queue.
 */
@Handles(grantsSweep)
export class SweepGrants {
  constructor(
    private readonly dueGrants: DueGrants,
    private readonly queue: JobQueue,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  async execute(): Promise<void> {
    const perApp = Math.ceil(this.config.gate.perSecond * SECONDS);
    const due = await this.dueGrants.execute({ perApp, all: BATCH });
    await this.queue.enqueueAll(
      grantRefresh,
      due.map((grantId) => ({ grantId })),
    );
  }
}
