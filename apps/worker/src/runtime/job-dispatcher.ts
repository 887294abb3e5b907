import { UnrecoverableError } from 'bullmq';
import { parsePayload, type TakenJob } from '#jobs';
import { codeOf, type Logger, type Metrics } from '#observability';
import { type HandlerMap } from './handler-map.js';
import { type Verdict, verdictOn } from './retry-table.js';
import { UnknownJobError } from './runtime.errors.js';

/** Gives each job to its handler and tells the queue how it ended, in a code only: a message may hold anything. */
export class JobDispatcher {
  constructor(
    private readonly handlers: HandlerMap,
    private readonly logger: Logger,
    private readonly metrics?: Metrics,
  ) {}

  async run(job: TakenJob): Promise<void> {
    const start = performance.now();
    const line = (): object => ({
      job: job.name,
      jobId: job.id,
      attempt: job.attempt,
      ms: Math.round(performance.now() - start),
    });
    try {
      await this.#execute(job);
    } catch (error) {
      const { outcome, thrown } = this.#failed(error, line());
      this.#measure(job, outcome, start);
      throw thrown;
    }
    this.#measure(job, 'done', start);
    this.logger[job.scheduled ? 'debug' : 'info']({ ...line(), outcome: 'done' }, 'job');
  }

  async #execute(job: TakenJob): Promise<void> {
    const found = this.handlers.get(job.name);
    if (!found) throw new UnknownJobError(job.name);
    await found.handler.execute(parsePayload(found.contract, job.payload));
  }

  #failed(err: unknown, line: object): { outcome: Verdict; thrown: Error } {
    const code = codeOf(err);
    const outcome = verdictOn(code);
    this.logger[outcome === 'retry' ? 'warn' : 'error']({ ...line, outcome, code, err }, 'job');
    const kept = code ?? 'unexpected';
    return { outcome, thrown: outcome === 'retry' ? new Error(kept) : new UnrecoverableError(kept) };
  }

  /** A name that nobody knows here could be any, and would make a series each. */
  #measure({ name }: TakenJob, outcome: Verdict | 'done', start: number): void {
    const job = this.handlers.has(name) ? name : '(unknown)';
    this.metrics?.add('evergrant_jobs_total', { job, outcome: outcome.replace(' ', '_') });
    this.metrics?.observe('evergrant_job_duration_seconds', { job }, (performance.now() - start) / 1_000);
  }
}
