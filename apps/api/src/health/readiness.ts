import { Inject, Injectable } from '@nestjs/common';
import { ExchangerCheck } from '#accounts';
import { type ApiConfig, seconds } from '#config';
import { RateCounter } from '#jobs';
import { Database } from '#persistence';
import { API_CONFIG } from '../api-config.js';

export interface Check {
  name: string;
  ok: boolean;
  /** Why not: words of ours, since anyone may ask. */
  reason?: string;
}

/** What this process leans on for some of its calls only: without it the others are served, so it is told and no more. */
const PARTIAL = new Set(['exchanger', 'queue']);

/** Whether the process should get traffic. */
export const isReady = (checks: Check[]): boolean => checks.every(({ name, ok }) => ok || PARTIAL.has(name));

const WITHIN = seconds(2);

/** Whether this process can serve: what it leans on is asked, not remembered. */
@Injectable()
export class Readiness {
  #closing = false;
  #asking: Promise<Check[]> | undefined;

  constructor(
    private readonly database: Database,
    private readonly exchanger: ExchangerCheck,
    @Inject(RateCounter) private readonly counter: RateCounter,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  /** From now on the process wants no new callers. */
  beginClosing(): void {
    this.#closing = true;
  }

  /** Callers at the same time share one look: anyone may ask, however often. */
  async checks(): Promise<Check[]> {
    if (this.#closing) return [{ name: 'process', ok: false, reason: 'is closing' }];
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  #ask(): Promise<Check[]> {
    const {
      process: { production },
      queue: { redisUrl },
    } = this.config;
    const checks = [check('database', () => this.database.pool.query('select 1'))];
    if (!production) checks.push(check('sandbox', () => this.#askSandbox()));
    if (redisUrl) checks.push(check('queue', () => this.counter.ping()));
    checks.push(this.#askExchanger());
    return Promise.all(checks);
  }

  async #askExchanger(): Promise<Check> {
    const reason = await this.exchanger.trouble();
    return reason === undefined ? { name: 'exchanger', ok: true } : { name: 'exchanger', ok: false, reason };
  }

  async #askSandbox(): Promise<void> {
    const answer = await fetch(`${this.config.sandbox.url}/_control/health`, { signal: AbortSignal.timeout(WITHIN) });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error('the sandbox is not well');
  }
}

async function check(name: string, ask: () => Promise<unknown>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((settle) => {
    timer = setTimeout(() => {
      settle({ name, ok: false, reason: `did not answer within ${WITHIN} ms` });
    }, WITHIN);
  });
  const asked = ask().then(
    (): Check => ({ name, ok: true }),
    (): Check => ({ name, ok: false, reason: 'cannot be reached' }),
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
