import { DueGrants } from '#accounts';
import { grantRefresh, grantsSweep, JobQueue } from '#jobs';
import { Handles } from '../runtime/handles.js';

const BATCH = 500;

/** Finds the grants that are due and asks for one job each; PostgreSQL is the truth, so what the queue forgot comes back. */
@Handles(grantsSweep)
export class SweepGrants {
  constructor(
    private readonly dueGrants: DueGrants,
    private readonly queue: JobQueue,
  ) {}

  async execute(): Promise<void> {
    const due = await this.dueGrants.execute(BATCH);
    await this.queue.enqueueAll(grantRefresh, due.map((grantId) => ({ grantId })));
  }
}
