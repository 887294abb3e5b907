import type { Answer, Mode, Sending, Window } from './authorization-server.js';
import { AuthorizationServer, LIFE } from './authorization-server.js';
import { Database, type GrantRow, type Intent, isHeld, type Pair } from './database.js';
import { Host, type Task } from './host.js';
import { lossOf, repeatOf, revocationOf, verdictOf } from './invariants.js';
import { Journal } from './journal.js';
import type { Wire } from './network.js';
import { Refresh } from './refresh.js';
import type { Steps } from './steps.js';
import { MINUTE, SECOND, START, at } from '../support/grant-facts.js';
import type { GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import type { Wiring } from './wiring.js';

/** Two machines, a database, a platform, and what lies between them; everything happens one step after the other. */
export class World {
  now = START.getTime();
  readonly db: Database;
  readonly server: AuthorizationServer;
  readonly hosts: readonly [Host, Host] = [new Host('one'), new Host('two')];
  readonly wires: Wire[] = [];
  readonly sendings = new Map<number, Sending>();
  reachable = true;
  /** Of processes. */
  deaths = 0;
  readonly seen = new Map<string, number>([['steps', 0]]);
  /** What happened, where somebody wants to read it. */
  story: string[] | undefined;
  private seed = 1;
  private ids = 0;

  constructor(
    readonly wiring: Wiring,
    mode: Mode,
    grants: number,
  ) {
    const clock = (): number => this.now;
    this.db = new Database(wiring, clock);
    this.server = new AuthorizationServer(mode, clock);
    for (let id = 1; id <= grants; id += 1)
      this.db.add(
        `g${id}`,
        { mode, accessExpiresAt: at(LIFE * SECOND), refreshDueAt: at((90 + id) * MINUTE) },
        this.server.consent(`g${id}`),
      );
  }

  get steps(): number {
    return this.seen.get('steps') ?? 0;
  }

  see(what: string, times = 1): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + times);
  }

  get time(): number {
    return (this.now - START.getTime()) / SECOND;
  }

  tell(...what: unknown[]): void {
    this.story?.push(`${this.time.toFixed(0).padStart(6)} s  ${what.join(' ')}`);
  }

  newId(): number {
    return (this.ids += 1);
  }

  /** Chance comes from the schedule alone. */
  reseed(seed: number): void {
    this.seed = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  random = (): number => {
    this.seed ^= this.seed << 13;
    this.seed ^= this.seed >>> 17;
    this.seed ^= this.seed << 5;
    return (this.seed >>> 0) / 2 ** 32;
  };

  draw(below: number): number {
    return Math.floor(this.random() * below);
  }

  // ---- the exchangers

  start(host: Host, grantId: string, forced: boolean): boolean {
    if (!host.runs || host.recovering || host.tasks.has(grantId)) return false;
    const task: Task = {
      name: grantId,
      pause: 'soon',
      steps: new Refresh(this, host).refresh(() => task, grantId, forced),
    };
    host.tasks.set(grantId, task);
    this.tell(host.name, forced ? 'is made to refresh' : 'refreshes', grantId);
    return true;
  }

  isReady(host: Host, { pause, wire }: Task): boolean {
    if (!host.runs) return false;
    if (pause === 'soon') return true;
    if (pause === 'database') return this.db.up;
    return wire !== undefined && (wire.inbox !== undefined || this.now >= wire.sentAt + this.wiring.deadline);
  }

  step(host: Host, task: Task): void {
    this.see('steps');
    const { done, value } = task.steps.next();
    if (done) host.tasks.delete(task.name);
    else task.pause = value;
    this.check();
  }

  /** Everything that needs no more than the processor's time happens before time passes. */
  settle(): void {
    for (const host of this.hosts) this.settleHost(host);
  }

  settleHost(host: Host): void {
    for (let ready = this.readyOf(host); ready; ready = this.readyOf(host)) this.step(host, ready);
  }

  private readyOf(host: Host): Task | undefined {
    for (const task of host.tasks.values()) if (this.isReady(host, task)) return task;
    return undefined;
  }

  crash(host: Host): void {
    this.deaths += 1;
    this.tell(host.name, 'is killed');
    for (const { wire } of host.tasks.values()) if (wire && !wire.recorded) this.excuse(wire.sending, 'W3/W4');
    host.tasks.clear();
    host.state = 'down';
    host.frozen = false;
  }

  restart(host: Host): void {
    this.tell(host.name, 'starts');
    host.state = 'up';
    host.recovering = true;
    for (const { intentId } of host.journal.entries.values()) this.excuseLapsed(intentId, 'W11');
    const task: Task = { name: 'recovery', pause: 'soon', steps: this.recovery(host, () => task) };
    host.tasks.set(task.name, task);
  }

  private *recovery(host: Host, task: () => Task): Steps<void> {
    const unknown = this.wiring.recovers ? yield* new Refresh(this, host).recover(task) : [];
    host.recovering = false;
    for (const grantId of unknown) this.start(host, grantId, false);
  }

  lose(host: Host): void {
    this.crash(host);
    for (const { intentId } of host.journal.entries.values()) this.excuse(this.sendings.get(intentId), 'W12');
    host.journal = new Journal();
    host.state = 'gone';
  }

  thaw(host: Host): void {
    this.tell(host.name, 'goes on');
    host.frozen = false;
    for (const { wire } of host.tasks.values()) if (wire) this.excuseLapsed(wire.sending.intentId, 'W14');
  }

  // ---- the network

  send(sending: Sending): Wire {
    const wire: Wire = { sending, sentAt: this.now, at: 'to the platform' };
    this.wires.push(wire);
    this.sendings.set(sending.intentId, sending);
    if (sending.resend) this.see('resends');
    this.tell(sending.grantId, 'sends', sending.token);
    return wire;
  }

  /** The request arrives, or its answer. */
  carry(wire: Wire): void {
    this.see('steps');
    if (wire.at === 'to the platform') {
      wire.answer = this.server.refresh(wire.sending);
      wire.at = 'to us';
      this.tell('the platform answers', wire.sending.token, 'with', told(wire.answer));
    } else {
      wire.inbox = wire.answer!;
      this.over(wire);
    }
    this.check();
  }

  drop(wire: Wire, silently: boolean): void {
    this.see('steps');
    this.tell(wire.at === 'to us' ? 'the answer to' : 'the request with', wire.sending.token, 'is lost');
    if (!silently) wire.inbox = 'reset';
    this.over(wire);
  }

  private over(wire: Wire): void {
    wire.at = 'over';
    this.wires.splice(this.wires.indexOf(wire), 1);
  }

  // ---- time, and who looks at it

  /** Time passes, and meanwhile everybody who can work does. */
  pass(milliseconds: number): void {
    const end = this.now + milliseconds;
    for (;;) {
      this.settle();
      const next = Math.min(end, ...this.deadlines());
      if (next <= this.now && this.now >= end) return;
      this.now = next;
      if (next === end) return;
    }
  }

  private *deadlines(): Generator<number> {
    for (const host of this.hosts) {
      if (!host.runs) continue;
      for (const { wire, pause } of host.tasks.values())
        if (pause === 'answer' && wire) yield Math.max(this.now, wire.sentAt + this.wiring.deadline);
    }
  }

  /** A worker's sweep: claims whose holder is gone, then what is due. */
  sweep(host: Host): void {
    if (!this.db.up) return;
    this.see('steps');
    for (const row of this.db.grants.values())
      if (isHeld(row.facts) && row.claimUntil !== null && row.claimUntil < this.now) this.takeOver(row);
    for (const grantId of this.db.due()) this.start(host, grantId, false);
  }

  /** As releaseExpiredClaim in store/claims.ts. */
  private takeOver(row: GrantRow): void {
    const fate = this.wiring.takeOver(row.facts, row.holder === null, this.db.now);
    if ('until' in fate) {
      row.holder = null;
      row.claimUntil = fate.until.getTime();
      return;
    }
    this.see('claims taken over');
    this.tell('the claim on', row.facts.id, 'has ended');
    this.excuseHolder(row);
    this.db.change(row, fate.change);
    this.db.applyHealth(row);
  }

  /** Who stands still or is down when its claim ends may lose what it holds. */
  private excuseHolder({ facts }: GrantRow): void {
    const intent = [...this.db.intents.values()].findLast(
      ({ grantId, epoch }) => grantId === facts.id && epoch === facts.claimEpoch,
    );
    const holder = this.hosts.find(({ name }) => name === intent?.holder);
    if (!intent || !holder || holder.runs) return;
    const windows = { up: 'W14', down: 'W11', gone: 'W12' } as const;
    this.excuse(this.sendings.get(intent.id), windows[holder.state]);
  }

  // ---- people

  reconnect(grantId: string): void {
    const pair = this.server.consent(grantId);
    const due = {
      accessExpiresAt: new Date(this.now + LIFE * SECOND),
      issuedAt: this.db.now,
      refreshDueAt: new Date(this.now + 0.8 * LIFE * SECOND),
    };
    this.db.adopt(grantId, due, pair);
    this.tell('the person of', grantId, 'connects again:', pair.refresh);
  }

  /** The revocation follows the shredding, in memory only. */
  disconnect(grantId: string): void {
    const pair = this.db.retire(grantId);
    this.tell('the person of', grantId, 'disconnects');
    if (pair) this.revoke(grantId, pair);
  }

  /** As revokeTokens: what could end a living grant with it is kept beside it. */
  revoke(grantId: string, pair: Pair): void {
    const row = this.db.row(grantId);
    if (row.pair !== null && this.wiring.looksBeforeRevoking)
      return void row.orphans.push({ intentId: this.newId(), pair });
    this.tell('we revoke', pair.refresh);
    revocationOf(row, this.server.revoke(pair.refresh));
  }

  // ---- what must hold at every step

  check(): void {
    repeatOf(this.server);
    lossOf(this.server);
  }

  verdict(before: GrantFacts, row: GrantRow): void {
    this.tell(
      row.facts.id,
      'is',
      row.facts.refreshState,
      row.facts.lastReason ?? '',
      row.facts.endedReason ? `dead: ${row.facts.endedReason}` : '',
    );
    if (before.endedReason === null && row.facts.endedReason !== null) this.see('dead');
    verdictOf(this.server, before, row);
  }

  // ---- losses that are known and told

  private excuse(sending: Sending | undefined, window: Window): void {
    if (sending) sending.window ??= window;
  }

  private excuseLapsed(intentId: number, window: Window): void {
    const intent = this.db.intents.get(intentId);
    if (intent && intent.state !== 'committed' && this.hasLapsed(intent))
      this.excuse(this.sendings.get(intentId), window);
  }

  private hasLapsed({ grantId, epoch }: Intent): boolean {
    const { facts, claimUntil } = this.db.row(grantId);
    return facts.claimEpoch !== epoch || !isHeld(facts) || (claimUntil ?? 0) < this.now;
  }
}

const told = (answer: Answer): string => (answer.ok ? answer.pair.refresh : answer.failure.code);
