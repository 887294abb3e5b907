import { type Duration, seconds, withTimeout } from '#config';
import { inChildSpan, type SpanStart } from '#observability';
import { type JobContract, jobId, jobOptions, parsePayload } from './job-contract.js';
import { QueueUnavailableError } from './jobs.errors.js';
import { type BullQueue } from './queue-driver.js';

const STORE_TIMEOUT: Duration = seconds(5);

const sendingSpan = ({ name }: JobContract, count: number): SpanStart => ({
  name: `send ${name}`,
  kind: 'producer',
  attributes: {
    'messaging.system': 'bullmq',
    'messaging.operation.type': 'send',
    'messaging.batch.message_count': count,
    'evergrant.job': name,
  },
});

/** Adds jobs. Each call ends within five seconds, with a QueueUnavailableError when the queue's store does not answer. */
export class JobQueue {
  constructor(private readonly connect: () => Promise<BullQueue>) {}

  /** Adds one job, unless a job of its identity waits or runs already. */
  async enqueue<Payload extends object>(contract: JobContract<Payload>, payload: Payload): Promise<void> {
    await this.enqueueAll(contract, [payload]);
  }

  /** Adds many jobs in one call to the store. */
  async enqueueAll<Payload extends object>(
    contract: JobContract<Payload>,
    payloads: readonly Payload[],
  ): Promise<void> {
    const jobs = payloads.map((given) => {
      const data = parsePayload(contract, given);
      return { name: contract.name, data, jobId: jobId(contract, data) };
    });
    if (jobs.length === 0) return;
    await inChildSpan(
      () => sendingSpan(contract, jobs.length),
      () => {
        const options = jobOptions(contract);
        const added = jobs.map(({ jobId, ...job }) => ({ ...job, opts: { ...options, jobId } }));
        return this.#call((queue) => queue.addBulk(added));
      },
    );
  }

  /** Runs a job at an interval, once for all workers. A repeated call with the same interval changes nothing. */
  async schedule(contract: JobContract<Record<string, never>>, every: Duration): Promise<void> {
    const template = { name: contract.name, data: {}, opts: jobOptions(contract) };
    await this.#call((queue) => queue.upsertJobScheduler(contract.name, { every }, template));
  }

  /** Deletes all other schedules: a schedule that a release renames or removes would otherwise continue to run. */
  async keepSchedules(names: readonly string[]): Promise<void> {
    await this.#call(async (queue) => {
      const known = await queue.getJobSchedulers();
      const obsolete = known.filter(({ key }) => !names.includes(key));
      await Promise.all(obsolete.map(({ key }) => queue.removeJobScheduler(key)));
    });
  }

  /** Numbers of jobs that wait, that run, and that are delayed. */
  async counts(): Promise<{ waiting: number; active: number; delayed: number }> {
    const counts = await this.#call((queue) => queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed'));
    const waiting = (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0);
    return { waiting, active: counts['active'] ?? 0, delayed: counts['delayed'] ?? 0 };
  }

  async #call<Answer>(call: (queue: BullQueue) => Promise<Answer>): Promise<Answer> {
    const late = (): never => {
      throw new QueueUnavailableError(`The queue did not answer within ${STORE_TIMEOUT} ms.`);
    };
    try {
      return await withTimeout(this.connect().then(call), STORE_TIMEOUT, late);
    } catch (error) {
      if (error instanceof QueueUnavailableError) throw error;
      throw new QueueUnavailableError('The queue did not take the job.', { cause: error });
    }
  }
}
