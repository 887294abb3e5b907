import { randomBytes } from 'node:crypto';
import { DueGrants } from '#accounts';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { type Database, openDatabase } from '#persistence';
import { BreakerKeeper, type ExchangerContext, ExchangeEngine, findUnknownGrants } from '#exchanger/testing';
import { NoJournal, NoMetrics } from '../../support/exchanger-doubles.js';
import { Vault } from '#tokens';
import { Activity } from './activity.js';
import { nextDue } from './next-due.js';
import { ScriptedPlatform } from './scripted-platform.js';
import { VirtualClock } from './virtual-clock.js';
import { LIMITS, WatchedGate } from './watched-gate.js';

const SECOND = 1_000;
/** The rhythm of the sweep, and what one brings, as in the product. */
const SWEEP = 10;
const BATCH = { perApp: LIMITS.perSecond * SWEEP, all: 3_000 };
/** PostgreSQL looks after its tables once a minute of the machine's, which is hours here. */
const TIDY = 3_600 * SECOND;
const TIDIED = 'vacuum (analyze) grants, grant_tokens, accounts, exchange_intents, breakers, oauth_apps';
const UNKNOWN_AT_ONCE = 100;
/** How far time may jump while nothing is due: tokens end meanwhile, and that is to be told. */
const JUMP = 300 * SECOND;
/** Permits that come within one are used together. */
const TICK = SECOND;

/** Nothing dies here, so no commit has to wait for the disk. */
function hasty(url: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', '-c synchronous_commit=off');
  return changed.href;
}

export interface LifeOptions {
  isEnough?: () => Promise<boolean>;
  /** Seconds; undefined: as often as the product. */
  sweepEvery?: number;
}

/** The sweep, the gate and the exchange of the product, on a real database whose clock is turned instead of waited for. */
export class VirtualEngine {
  readonly platform: ScriptedPlatform;
  readonly context: ExchangerContext;
  readonly #activity = new Activity();
  readonly #clock: VirtualClock;
  readonly #keeper: BreakerKeeper;
  readonly #due: DueGrants;
  readonly #exchange: ExchangeEngine;
  readonly #running = new Map<string, Promise<unknown>>();
  #every = SWEEP * SECOND;
  #nextSweep = 0;
  #nextTidy = 0;

  private constructor(
    private readonly database: Database,
    random: () => number,
  ) {
    const { pool } = database;
    const keyring = new Keyring(new Secret(`k1:${randomBytes(32).toString('base64')}`));
    const logger = createLogger({ app: 'outages', level: 'silent' });
    this.#clock = new VirtualClock(pool);
    this.platform = new ScriptedPlatform((seconds) => this.#activity.pause(this.#clock.after(seconds * SECOND)));
    const watched = new WatchedGate(this.#clock, this.#activity);
    this.#keeper = new BreakerKeeper(watched.gate, pool, logger, this.#clock);
    const shared = {
      pool,
      keyring,
      vault: new Vault(keyring),
      client: this.platform,
      logger,
      holder: 'outages',
      random,
    };
    this.context = {
      ...shared,
      journal: new NoJournal(),
      gate: watched,
      countIncompleteList: () => undefined,
      metrics: new NoMetrics(),
    };
    this.#due = new DueGrants(database);
    this.#exchange = new ExchangeEngine(this.context);
  }

  static async open(url: string, random: () => number): Promise<VirtualEngine> {
    const logger = createLogger({ app: 'outages', level: 'silent' });
    const engine = new VirtualEngine(
      await openDatabase({ url: new Secret(hasty(url)), pool: 10, name: 'outages', logger }),
      random,
    );
    await engine.#clock.start();
    await engine.#keeper.start();
    // It keeps step with virtual time, not with the machine's.
    await engine.#keeper.stop();
    return engine;
  }

  /** Virtual seconds since the beginning. */
  get now(): number {
    return this.#clock.now() / SECOND;
  }

  /** Sweeps and refreshes until that moment, or until it is enough. */
  async live(until: number, { isEnough, sweepEvery = SWEEP }: LifeOptions = {}): Promise<void> {
    const end = until * SECOND;
    this.#every = sweepEvery * SECOND;
    this.#nextSweep = Math.min(this.#nextSweep, this.#clock.now() + this.#every);
    while (this.#clock.now() < end) {
      if (this.#clock.now() >= this.#nextTidy) await this.tidy();
      if (this.#clock.now() >= this.#nextSweep) await this.sweep();
      await this.#activity.rest();
      await this.#keeper.syncWithTable();
      if (await isEnough?.()) return;
      this.#clock.turnTo(Math.min(end, await this.next()));
      await this.#activity.rest();
    }
  }

  async close(): Promise<void> {
    await this.#keeper.stop();
    await this.database.close();
  }

  private async tidy(): Promise<void> {
    this.#nextTidy = this.#clock.now() + TIDY;
    await this.context.pool.query(TIDIED);
  }

  private async sweep(): Promise<void> {
    this.#nextSweep = this.#clock.now() + this.#every;
    // The exchanger itself looks more often, and is there before the worker.
    const unknown = await findUnknownGrants(this.context.pool, UNKNOWN_AT_ONCE);
    for (const id of [...unknown, ...(await this.#due.execute(BATCH))]) if (!this.#running.has(id)) this.refresh(id);
  }

  private refresh(id: string): void {
    const running = this.#activity.follow(this.#exchange.refresh(id)).finally(() => this.#running.delete(id));
    this.#running.set(id, running);
  }

  /** When something can happen: somebody is called, or the sweep after the next grant is due that may be asked. */
  private async next(): Promise<number> {
    const now = this.#clock.now();
    const due = await nextDue(this.context.pool);
    const wanted = now + Math.min(due === null ? Infinity : due * SECOND, JUMP);
    const passed = Math.max(0, Math.ceil((wanted - this.#nextSweep) / this.#every));
    return Math.min(this.#nextSweep + passed * this.#every, Math.max(this.#clock.nextAlarm(), now + TICK));
  }
}
