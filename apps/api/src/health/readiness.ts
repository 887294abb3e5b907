import { Inject, Injectable } from '@nestjs/common';
import { ExchangerCheck } from '#accounts';
import { type ApiConfig, seconds } from '#config';
import { RateCounter } from '#jobs';
import { codeOf } from '#observability';
import { Database } from '#persistence';
import { API_CONFIG } from '../api-config.js';

export interface Check {
  name: string;
  ok: boolean;
  /** A fixed text without details, because the route is public. */
  reason?: string;
}

/** Dependencies of some routes only. Without them the other routes work, so they are reported and do not affect readiness. */
const OPTIONAL = new Set(['exchanger', 'queue']);

/** Whether a load balancer should send traffic to the process. */
export const isReady = (checks: Check[]): boolean => checks.every(({ name, ok }) => ok || OPTIONAL.has(name));

const CHECK_TIMEOUT = seconds(2);

/** Checks the dependencies of this process at each request, without a cache. */
@Injectable()
export class Readiness {
  #closing = false;
  #checking: Promise<Check[]> | undefined;

  constructor(
    private readonly database: Database,
    private readonly exchanger: ExchangerCheck,
    @Inject(RateCounter) private readonly counter: RateCounter,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  /** The process stops accepting traffic: it is not ready from now on. */
  beginClosing(): void {
    this.#closing = true;
  }

  /** Concurrent requests share one check, because the route is public and has no limit. */
  async checks(): Promise<Check[]> {
    if (this.#closing) return [{ name: 'process', ok: false, reason: 'is closing' }];
    this.#checking ??= this.#runChecks().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  #runChecks(): Promise<Check[]> {
    const {
      process: { production },
      queue: { redisUrl },
    } = this.config;
    const checks = [check('database', () => this.database.pool.query('select 1'))];
    if (!production) checks.push(check('sandbox', () => this.#checkSandbox()));
    if (redisUrl) checks.push(check('queue', () => this.counter.ping()));
    checks.push(this.#checkExchanger());
    return Promise.all(checks);
  }

  async #checkExchanger(): Promise<Check> {
    const reason = await this.exchanger.problem();
    return reason === undefined ? { name: 'exchanger', ok: true } : { name: 'exchanger', ok: false, reason };
  }

  async #checkSandbox(): Promise<void> {
    const answer = await fetch(`${this.config.sandbox.url}/_control/health`, {
      signal: AbortSignal.timeout(CHECK_TIMEOUT),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error('the sandbox is not well');
  }
}

async function check(name: string, run: () => Promise<unknown>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((settle) => {
    timer = setTimeout(() => {
      settle({ name, ok: false, reason: `did not answer within ${CHECK_TIMEOUT} ms` });
    }, CHECK_TIMEOUT);
  });
  const result = run().then(
    (): Check => ({ name, ok: true }),
    // A full queue is this process's own: an unready answer of every process would end the service.
    (error: unknown): Check =>
      codeOf(error) === 'database.busy' ? { name, ok: true } : { name, ok: false, reason: 'cannot be reached' },
  );
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
