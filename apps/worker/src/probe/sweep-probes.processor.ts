import { DueProbes } from '#accounts';
import { accountProbe, JobQueue, probesSweep } from '#jobs';
import { Handles } from '../runtime/handles.js';

const BATCH = 200;

/** Finds the accounts whose turn it is and asks for one job each. */
@Handles(probesSweep)
export class SweepProbes {
  constructor(
    private readonly dueProbes: DueProbes,
    private readonly queue: JobQueue,
  ) {}

  async execute(): Promise<void> {
    const due = await this.dueProbes.execute(BATCH);
    await this.queue.enqueueAll(
      accountProbe,
      due.map((accountId) => ({ accountId })),
    );
  }
}
