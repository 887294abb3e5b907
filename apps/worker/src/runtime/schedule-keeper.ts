import { type Duration, seconds } from '#config';
import { type JobContract, type JobQueue } from '#jobs';
import { type Logger } from '#observability';

/** A recurring job. */
export interface Schedule {
  readonly job: JobContract<Record<string, never>>;
  readonly every: Duration;
}

const CHECK_INTERVAL: Duration = seconds(15);

/** Sets the schedules, and repeats it every 15 seconds: this restores them in a queue that lost its data or one run. */
export class ScheduleKeeper {
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly queue: JobQueue,
    private readonly schedules: readonly Schedule[],
    private readonly logger: Logger,
  ) {}

  async start(checkEvery: Duration = CHECK_INTERVAL): Promise<void> {
    await this.queue.keepSchedules(this.schedules.map(({ job }) => job.name));
    await this.#set();
    this.#timer = setInterval(() => {
      this.#set().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'schedules.not_checked');
      });
    }, checkEvery).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #set(): Promise<void> {
    for (const { job, every } of this.schedules) await this.queue.schedule(job, every);
  }
}
