import { randomBytes } from 'node:crypto';
import { DueGrants } from '#accounts';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { claimDueProbes, type Database, openDatabase } from '#persistence';
import { BreakerKeeper, type ExchangerContext, ExchangeEngine, findUnknownGrants } from '#exchanger/testing';
import { NoJournal, NoMetrics } from '../../support/exchanger-doubles.js';
import { probeAccount, Vault } from '#tokens';
import { Activity } from './activity.js';
import { nextDue } from './next-due.js';
import { ScriptedPlatform } from './scripted-platform.js';
import { VirtualClock } from './virtual-clock.js';
import { LIMITS, WatchedGate } from './watched-gate.js';

const SECOND = 1_000;
/** Seconds between sweeps, and the grants of one sweep, as in the product. */
const SWEEP_INTERVAL = 10;
const BATCH = { perApp: LIMITS.perSecond * SWEEP_INTERVAL, all: 3_000 };
/** Virtual time between vacuums: autovacuum runs in real time, once in hours of virtual time. */
const VACUUM_INTERVAL = 3_600 * SECOND;
const VACUUM = 'vacuum (analyze) grants, grant_tokens, accounts, exchange_intents, breakers, oauth_apps';
const MAX_UNKNOWN_PER_SWEEP = 100;
const MAX_PROBES_PER_SWEEP = 200;
/** The longest jump while no grant is due: access tokens expire meanwhile, which must be reported. */
const MAX_JUMP = 300 * SECOND;
const MAX_PROBE_DELAY = 60 * SECOND;
/** Permits within one tick are used together. */
const TICK = SECOND;

/** No process crashes here, so a commit need not wait for the disk. */
function withoutSyncCommit(url: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', '-c synchronous_commit=off');
  return changed.href;
}

export interface RunOptions {
  isDone?: () => Promise<boolean>;
  /** Seconds; undefined: the interval of the product. */
  sweepEvery?: number;
}

/** The sweep, gate and exchange of the product on a real database with a virtual clock. */
export class VirtualEngine {
  readonly platform: ScriptedPlatform;
  readonly context: ExchangerContext;
  readonly #activity = new Activity();
  readonly #clock: VirtualClock;
  readonly #keeper: BreakerKeeper;
  readonly #due: DueGrants;
  readonly #exchange: ExchangeEngine;
  readonly #running = new Map<string, Promise<unknown>>();
  #every = SWEEP_INTERVAL * SECOND;
  #nextSweep = 0;
  #nextVacuum = 0;
  #probes = false;

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
    this.#exchange = new ExchangeEngine(this.context);
    this.#due = new DueGrants(database, this.#exchange);
  }

  static async open(url: string, random: () => number): Promise<VirtualEngine> {
    const logger = createLogger({ app: 'outages', level: 'silent' });
    const engine = new VirtualEngine(
      await openDatabase({ url: new Secret(withoutSyncCommit(url)), pool: 10, name: 'outages', logger }),
      random,
    );
    await engine.#clock.start();
    await engine.#keeper.start();
    // The engine syncs it in virtual time instead.
    await engine.#keeper.stop();
    return engine;
  }

  /** Virtual seconds since the start. */
  get now(): number {
    return this.#clock.now() / SECOND;
  }

  /** Sweeps and refreshes until that moment, or until `isDone`. */
  async runUntil(until: number, { isDone, sweepEvery = SWEEP_INTERVAL }: RunOptions = {}): Promise<void> {
    const end = until * SECOND;
    this.#every = sweepEvery * SECOND;
    this.#nextSweep = Math.min(this.#nextSweep, this.#clock.now() + this.#every);
    while (this.#clock.now() < end) {
      if (this.#clock.now() >= this.#nextVacuum) await this.vacuum();
      if (this.#clock.now() >= this.#nextSweep) await this.sweep();
      await this.#activity.rest();
      await this.#keeper.syncWithTable();
      if (await isDone?.()) return;
      this.#clock.turnTo(Math.min(end, await this.next()));
      await this.#activity.rest();
    }
  }

  async close(): Promise<void> {
    await this.#keeper.stop();
    await this.database.close();
  }

  private async vacuum(): Promise<void> {
    this.#nextVacuum = this.#clock.now() + VACUUM_INTERVAL;
    await this.context.pool.query(VACUUM);
  }

  private async sweep(): Promise<void> {
    this.#nextSweep = this.#clock.now() + this.#every;
    if (this.#probes) await this.probeDue();
    // The exchanger looks for unknown grants more often than the worker sweeps.
    const unknown = await findUnknownGrants(this.context.pool, MAX_UNKNOWN_PER_SWEEP);
    for (const id of [...unknown, ...(await this.#due.execute(BATCH))]) if (!this.#running.has(id)) this.refresh(id);
  }

  /** From now on accounts are probed, all of them at first. */
  async probeAll(): Promise<void> {
    this.#probes = true;
    await this.context.pool.query(
      'update accounts set probe_due_at = db_now(), probe_class = null, probe_struck_at = null',
    );
  }

  private async probeDue(): Promise<void> {
    const due = await claimDueProbes(this.context.pool, MAX_PROBES_PER_SWEEP);
    for (const id of due) void this.#activity.follow(probeAccount(this.context, id));
  }

  private refresh(id: string): void {
    const running = this.#activity.follow(this.#exchange.refresh(id)).finally(() => this.#running.delete(id));
    this.#running.set(id, running);
  }

  /** The next moment with work: an alarm, or the first sweep after the next grant is due. */
  private async next(): Promise<number> {
    const now = this.#clock.now();
    const due = await nextDue(this.context.pool);
    const target = now + Math.min(due === null ? Infinity : due * SECOND, this.#probes ? MAX_PROBE_DELAY : MAX_JUMP);
    const passed = Math.max(0, Math.ceil((target - this.#nextSweep) / this.#every));
    return Math.min(this.#nextSweep + passed * this.#every, Math.max(this.#clock.nextAlarm(), now + TICK));
  }
}
