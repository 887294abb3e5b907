import type { Pool } from 'pg';
import { type Duration, seconds } from '#config';
import type { Logger } from '#observability';
import { type Breaker, failedWithin, LONGEST_WAIT } from '#tokens/protocol';
import { type StoredBreaker, troubledBreakers, writeBreaker } from '../store/breakers.js';
import { type Clock, monotonicClock } from './clock.js';
import type { ExchangeGate, BreakerChange } from './exchange-gate.js';

const EVERY: Duration = seconds(10);
/** Longer than any exchange: a probe of another process without a result by then ended with that process. */
const PROBE_LASTS: Duration = seconds(150);

/** Keeps the breakers of one process and their table equal: a restart loses none, and hosts agree within ten seconds. */
export class BreakerKeeper {
  readonly #unwritten = new Map<string, BreakerChange>();
  #turns = 0;
  #writing = Promise.resolve();
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly gate: ExchangeGate,
    private readonly pool: Pool,
    private readonly logger: Logger,
    private readonly clock: Clock = monotonicClock,
  ) {}

  /** Reads the stored breakers, then synchronizes periodically. To be called before the first exchange. */
  async start(): Promise<void> {
    this.gate.listen((turn) => {
      this.note(turn);
    });
    await this.read(true);
    this.#timer = setInterval(() => void this.syncWithTable(), EVERY).unref();
  }

  /** Resolves when every change is written, or could not be. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }

  /** Writes what is unwritten, then takes over the changes of other processes. After a database error the next round repeats it. */
  async syncWithTable(): Promise<void> {
    this.gate.tidy();
    await this.write();
    if (this.#unwritten.size > 0) return;
    await this.read(false).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'breakers.not_read');
    });
  }

  private note(turn: BreakerChange): void {
    const { appId, breaker, tally } = turn;
    if (breaker.state === 'open')
      this.logger.warn({ oauthApp: appId, ...tally, failed: breaker.failed }, 'breaker.opened');
    if (breaker.state === 'closed') this.logger.info({ oauthApp: appId }, 'breaker.closed');
    this.#turns += 1;
    this.#unwritten.set(appId, turn);
    void this.write();
  }

  private write(): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.writeAll())
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, 'breakers.not_written');
      });
    return this.#writing;
  }

  private async writeAll(): Promise<void> {
    for (const [appId, turn] of this.#unwritten) {
      await writeBreaker(this.pool, appId, turn.breaker, this.probeIn(turn.breaker), turn.tally);
      if (this.#unwritten.get(appId) === turn) this.#unwritten.delete(appId);
    }
  }

  private probeIn(breaker: Breaker): number | null {
    if (breaker.state === 'closed') return null;
    return breaker.state === 'open' ? breaker.probeAt - this.clock.now() : 0;
  }

  private async read(atStart: boolean): Promise<void> {
    const turns = this.#turns;
    const stored = await troubledBreakers(this.pool);
    if (turns !== this.#turns) return; // what was read is older than what this process found out meanwhile
    for (const one of stored) this.takeOver(one, atStart);
    const troubled = new Set(stored.map(({ appId }) => appId));
    const closedElsewhere = this.gate.states().filter(({ appId, state }) => state !== 'closed' && !troubled.has(appId));
    for (const { appId } of closedElsewhere) this.gate.adopt(appId, { state: 'closed', since: this.clock.now() });
  }

  /** A probe of this process is more recent than the table. */
  private takeOver({ appId, state, openFor, probeIn }: StoredBreaker, atStart: boolean): void {
    const known = this.gate.breakerOf(appId);
    if (known.state === 'half_open') return;
    const elsewhere = state === 'half_open' && !atStart ? PROBE_LASTS : 0;
    const failed = known.state === 'open' ? known.failed : failedWithin(openFor);
    this.gate.adopt(appId, {
      state: 'open',
      probeAt: this.clock.now() + Math.min(probeIn, LONGEST_WAIT) + elsewhere,
      failed,
    });
  }
}
