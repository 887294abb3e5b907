import { type Duration, seconds } from '#config';
import { withDeadline } from './deadline.js';
import { type JobContract, jobId, jobOptions, parsePayload } from './job-contract.js';
import { QueueUnavailableError } from './jobs.errors.js';
import { type BullQueue } from './queue-driver.js';

const PATIENCE: Duration = seconds(5);

/** Where jobs are asked for. Each call ends within five seconds, by a QueueUnavailableError when the queue's store is gone. */
export class JobQueue {
  constructor(private readonly connect: () => Promise<BullQueue>) {}

  /** Asks for one job; where one of its identity waits or runs already, nothing is added. */
  async enqueue<Payload extends object>(contract: JobContract<Payload>, payload: Payload): Promise<void> {
    await this.enqueueAll(contract, [payload]);
  }

  /** Asks for many jobs in one call to the store. */
  async enqueueAll<Payload extends object>(
    contract: JobContract<Payload>,
    payloads: readonly Payload[],
  ): Promise<void> {
    const jobs = payloads.map((given) => {
      const data = parsePayload(contract, given);
      return { name: contract.name, data, opts: { ...jobOptions(contract), jobId: jobId(contract, data) } };
    });
    if (jobs.length > 0) await this.#ask((queue) => queue.addBulk(jobs));
  }

  /** Has a job run every so many milliseconds, once for all workers, however many of them say so and how often. */
  async schedule(contract: JobContract<Record<string, never>>, every: Duration): Promise<void> {
    const template = { name: contract.name, data: {}, opts: jobOptions(contract) };
    await this.#ask((queue) => queue.upsertJobScheduler(contract.name, { every }, template));
  }

  /** Forgets every schedule but these: one that was renamed or given up would else run on for ever. */
  async keepSchedules(names: readonly string[]): Promise<void> {
    await this.#ask(async (queue) => {
      const known = await queue.getJobSchedulers();
      const forgotten = known.filter(({ key }) => !names.includes(key));
      await Promise.all(forgotten.map(({ key }) => queue.removeJobScheduler(key)));
    });
  }

  /** How many jobs wait, run, and wait for their time. */
  async counts(): Promise<{ waiting: number; active: number; delayed: number }> {
    const counts = await this.#ask((queue) => queue.getJobCounts('waiting', 'active', 'delayed'));
    return { waiting: counts['waiting'] ?? 0, active: counts['active'] ?? 0, delayed: counts['delayed'] ?? 0 };
  }

  async #ask<Answer>(call: (queue: BullQueue) => Promise<Answer>): Promise<Answer> {
    const late = (): Error => new QueueUnavailableError(`The queue did not answer within ${PATIENCE} ms.`);
    try {
      return await withDeadline(this.connect().then(call), PATIENCE, late);
    } catch (error) {
      if (error instanceof QueueUnavailableError) throw error;
      throw new QueueUnavailableError('The queue did not take the job.', { cause: error });
    }
  }
}
