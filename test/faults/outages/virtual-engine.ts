import { randomBytes } from 'node:crypto';
import { DueGrants } from '#accounts';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { type Database, openDatabase } from '#persistence';
import { InProcessExchange, NoJournal, NoMetrics, OpenGate, type Room, Vault } from '#tokens';
import { turnClock } from '../../support/database.js';
import { ScriptedPlatform } from './scripted-platform.js';

const BATCH = 500;
/** The rhythm of the sweep, and how far time may jump while nothing is due. */
const SWEEP = 10;
const JUMP = 60;

const NEXT = `
  select extract(epoch from min(refresh_due_at) - db_now())::float8 as "in" from grants
  where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at > db_now()`;

/** The sweep and the exchange of the product, on a real database whose clock is turned instead of waited for. */
export class VirtualEngine {
  readonly platform = new ScriptedPlatform();
  readonly room: Room;
  readonly #due: DueGrants;
  readonly #exchange: InProcessExchange;
  #ahead = 0;

  private constructor(
    private readonly database: Database,
    random: () => number,
  ) {
    const keyring = new Keyring(new Secret(`k1:${randomBytes(32).toString('base64')}`));
    const { pool } = database;
    const logger = createLogger({ app: 'outages', level: 'silent' });
    const shared = { pool, keyring, vault: new Vault(keyring), client: this.platform, logger, holder: 'outages', random };
    this.room = { ...shared, journal: new NoJournal(), gate: new OpenGate(), metrics: new NoMetrics() };
    this.#due = new DueGrants(database);
    this.#exchange = new InProcessExchange(this.room);
  }

  static async open(url: string, random: () => number): Promise<VirtualEngine> {
    const logger = createLogger({ app: 'outages', level: 'silent' });
    return new VirtualEngine(await openDatabase({ url: new Secret(url), pool: 10, name: 'outages', logger }), random);
  }

  /** Virtual seconds since the beginning. */
  get now(): number {
    return this.#ahead;
  }

  /** Sweeps and refreshes until that moment, or until it is enough. */
  async live(until: number, isEnough: () => Promise<boolean> = () => Promise.resolve(false)): Promise<void> {
    while (this.#ahead < until && !(await isEnough())) {
      const due = await this.#due.execute({ perApp: BATCH, all: BATCH });
      await Promise.all(due.map((id) => this.#exchange.refresh(id)));
      const { rows } = await this.room.pool.query<{ in: number | null }>(NEXT);
      const jump = Math.min(Math.max(rows[0]?.in ?? JUMP, SWEEP), JUMP);
      this.#ahead = Math.min(until, this.#ahead + jump);
      await turnClock(this.room.pool, `${this.#ahead} seconds`);
    }
  }

  async close(): Promise<void> {
    await this.#exchange.drain();
    await this.database.close();
  }
}
