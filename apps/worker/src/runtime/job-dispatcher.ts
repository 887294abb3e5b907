import { UnrecoverableError } from 'bullmq';
import { parsePayload, type TakenJob } from '#jobs';
import { codeOf, inSpan, type Logger, type Metrics, type SpanStart } from '#observability';
import { type HandlerMap } from './handler-map.js';
import { decideRetry, type RetryDecision } from './retry-table.js';
import { UnknownJobError } from './runtime.errors.js';

/** Runs the handler of each job. The queue gets only the code of an error: a message may contain secrets. */
export class JobDispatcher {
  constructor(
    private readonly handlers: HandlerMap,
    private readonly logger: Logger,
    private readonly metrics?: Metrics,
  ) {}

  run(job: TakenJob): Promise<void> {
    return inSpan(this.#spanOf(job), () => this.#run(job));
  }

  /** A scheduled job starts a trace, others continue that of the process that added them. */
  #spanOf({ name, attempt, trace = '' }: TakenJob): SpanStart {
    const job = this.#nameOf(name);
    return {
      name: `process ${job}`,
      kind: 'consumer',
      parent: trace,
      attributes: {
        'messaging.system': 'bullmq',
        'messaging.operation.type': 'process',
        'evergrant.job': job,
        'evergrant.job.attempt': attempt,
      },
    };
  }

  async #run(job: TakenJob): Promise<void> {
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
    this.logger[job.scheduled ? 'debug' : 'info']({ ...line(), outcome: 'done' }, 'job.settled');
  }

  async #execute(job: TakenJob): Promise<void> {
    const found = this.handlers.get(job.name);
    if (!found) throw new UnknownJobError(job.name);
    await found.handler.execute(parsePayload(found.contract, job.payload));
  }

  #failed(err: unknown, line: object): { outcome: RetryDecision; thrown: Error } {
    const code = codeOf(err);
    const outcome = decideRetry(code);
    this.logger[outcome === 'retry' ? 'warn' : 'error']({ ...line, outcome, code, err }, 'job.settled');
    const kept = code ?? 'unexpected';
    return { outcome, thrown: outcome === 'retry' ? new Error(kept) : new UnrecoverableError(kept) };
  }

  /** Unknown names share one label: each could otherwise start a time series of its own. */
  #nameOf(name: string): string {
    return this.handlers.has(name) ? name : '(unknown)';
  }

  #measure({ name }: TakenJob, outcome: RetryDecision | 'done', start: number): void {
    const job = this.#nameOf(name);
    this.metrics?.add('evergrant_jobs_total', { job, outcome: outcome.replace(' ', '_') });
    this.metrics?.observe('evergrant_job_duration_seconds', { job }, (performance.now() - start) / 1_000);
  }
}
