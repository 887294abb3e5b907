import type { Answer, Mode, RefreshRequest, Window } from './authorization-server.js';
import { AuthorizationServer, LIFE } from './authorization-server.js';
import { type Consent, Database, type GrantRow, type Intent, isHeld, type Pair } from './database.js';
import { Host, type Task } from './host.js';
import { checkLosses, checkRepeats, checkRevocation, checkRevokedState } from './invariants.js';
import { Journal } from './journal.js';
import type { Wire } from './network.js';
import { Refresh } from './refresh.js';
import type { Steps } from './steps.js';
import { MINUTE, SECOND, START, at } from '../support/grant-facts.js';
import type { GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import type { Wiring } from './wiring.js';

/** Two hosts, a database, a platform and the network between them, executed one step at a time. */
export class World {
  now = START.getTime();
  readonly db: Database;
  readonly server: AuthorizationServer;
  readonly hosts: readonly [Host, Host] = [new Host('one'), new Host('two')];
  readonly wires: Wire[] = [];
  /** Consents that are not stored yet, in the order in which they were given. */
  readonly consents: Consent[] = [];
  readonly requests = new Map<number, RefreshRequest>();
  reachable = true;
  crashes = 0;
  readonly counts = new Map<string, number>([['steps', 0]]);
  /** The trace of this history; undefined: no trace. */
  lines: string[] | undefined;
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
    return this.counts.get('steps') ?? 0;
  }

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  get time(): number {
    return (this.now - START.getTime()) / SECOND;
  }

  trace(...what: unknown[]): void {
    this.lines?.push(`${this.time.toFixed(0).padStart(6)} s  ${what.join(' ')}`);
  }

  newId(): number {
    return (this.ids += 1);
  }

  /** Every random number follows from the schedule. */
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
    this.trace(host.name, forced ? 'refreshes on request' : 'refreshes', grantId);
    return true;
  }

  isReady(host: Host, { pause, wire }: Task): boolean {
    if (!host.runs) return false;
    if (pause === 'soon') return true;
    if (pause === 'database') return this.db.up;
    return wire !== undefined && (wire.inbox !== undefined || this.now >= wire.sentAt + this.wiring.deadline);
  }

  step(host: Host, task: Task): void {
    this.count('steps');
    const { done, value } = task.steps.next();
    if (done) host.tasks.delete(task.name);
    else task.pause = value;
    this.check();
  }

  /** Runs every step that waits for nothing; time does not advance meanwhile. */
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
    this.crashes += 1;
    this.trace(host.name, 'is killed');
    for (const { wire } of host.tasks.values()) if (wire && !wire.recorded) this.excuse(wire.request, 'W3/W4');
    host.tasks.clear();
    host.state = 'down';
    host.frozen = false;
  }

  restart(host: Host): void {
    this.trace(host.name, 'starts');
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

  /** The database fails over while nothing is in flight, and each exchanger compares its stored answers. */
  failOver(): boolean {
    const isQuiet = this.wires.length === 0 && this.hosts.every((host) => host.runs && host.tasks.size === 0);
    if (!isQuiet || !this.db.up || !this.db.failOver()) return false;
    this.count('failovers');
    this.trace('the database fails over');
    for (const host of this.hosts) for (const grantId of this.db.grants.keys()) this.restoreLostCommits(host, grantId);
    return true;
  }

  private restoreLostCommits(host: Host, grantId: string): void {
    const steps = new Refresh(this, host).restoreLostCommits(() => task, grantId);
    const task: Task = { name: grantId, pause: 'soon', steps };
    while (!steps.next().done) this.count('steps');
  }

  lose(host: Host): void {
    this.crash(host);
    for (const { intentId } of host.journal.entries.values()) this.excuse(this.requests.get(intentId), 'W12');
    host.journal = new Journal();
    host.state = 'gone';
  }

  resumeHost(host: Host): void {
    this.trace(host.name, 'resumes');
    host.frozen = false;
    for (const { wire } of host.tasks.values()) if (wire) this.excuseLapsed(wire.request.intentId, 'W14');
  }

  // ---- the network

  send(request: RefreshRequest): Wire {
    const wire: Wire = { request, sentAt: this.now, at: 'to the platform' };
    this.wires.push(wire);
    this.requests.set(request.intentId, request);
    if (request.resend) this.count('resends');
    this.trace(request.grantId, 'sends', request.token);
    return wire;
  }

  /** Delivers the request to the platform, or the answer to the exchanger. */
  carry(wire: Wire): void {
    this.count('steps');
    if (wire.at === 'to the platform') {
      wire.answer = this.server.refresh(wire.request);
      wire.at = 'to us';
      this.trace('the platform answers', wire.request.token, 'with', describeAnswer(wire.answer));
    } else {
      wire.inbox = wire.answer!;
      this.over(wire);
    }
    this.check();
  }

  drop(wire: Wire, silently: boolean): void {
    this.count('steps');
    this.trace(wire.at === 'to us' ? 'the answer to' : 'the request with', wire.request.token, 'is lost');
    if (!silently) wire.inbox = 'reset';
    this.over(wire);
  }

  private over(wire: Wire): void {
    wire.at = 'over';
    this.wires.splice(this.wires.indexOf(wire), 1);
  }

  // ---- time and sweeps

  /** Advances time; every ready task runs meanwhile. */
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

  /** A worker's sweep: first expired claims, then due grants. */
  sweep(host: Host): void {
    if (!this.db.up) return;
    this.count('steps');
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
    this.count('claims taken over');
    this.trace('the claim on', row.facts.id, 'has expired');
    this.excuseHolder(row);
    this.db.change(row, fate.change);
    this.db.applyHealth(row);
  }

  /** A suspended or stopped process may lose its answer when its claim expires. */
  private excuseHolder({ facts }: GrantRow): void {
    const intent = [...this.db.intents.values()].findLast(
      ({ grantId, epoch }) => grantId === facts.id && epoch === facts.claimEpoch,
    );
    const holder = this.hosts.find(({ name }) => name === intent?.holder);
    if (!intent || !holder || holder.runs) return;
    const windows = { up: 'W14', down: 'W11', gone: 'W12' } as const;
    this.excuse(this.requests.get(intent.id), windows[holder.state]);
  }

  // ---- people

  /** The code is exchanged. The pair is stored at once, or later by another process. */
  reconnect(grantId: string, isStoredLater: boolean): void {
    const consent = { grantId, sequence: this.newId(), exchangedAt: this.now, pair: this.server.consent(grantId) };
    this.trace('the person of', grantId, 'reconnects:', consent.pair.refresh);
    this.consents.push(consent);
    if (!isStoredLater) this.storeConsent(consent);
  }

  storeConsent(consent: Consent): void {
    const { grantId, exchangedAt, pair } = consent;
    const due = {
      accessExpiresAt: new Date(exchangedAt + LIFE * SECOND),
      issuedAt: new Date(exchangedAt),
      refreshDueAt: new Date(exchangedAt + 0.8 * LIFE * SECOND),
    };
    this.consents.splice(this.consents.indexOf(consent), 1);
    const isStored = this.db.adopt(consent, due, this.newId());
    if (!isStored) this.count('overtaken consents');
    this.trace('the consent with', pair.refresh, 'of', grantId, isStored ? 'is stored' : 'is overtaken');
  }

  /** The revocation follows the deletion of the pair; the pair is then only in memory. */
  disconnect(grantId: string): void {
    const pair = this.db.retire(grantId);
    this.trace('the person of', grantId, 'disconnects');
    if (pair) this.revoke(grantId, pair);
  }

  /** As revokeTokens: a pair whose revocation could end the stored one is kept as an orphan. */
  revoke(grantId: string, pair: Pair): void {
    const row = this.db.row(grantId);
    if (row.pair !== null && this.wiring.keepsUnsafeRevocations)
      return void row.orphans.push({ intentId: this.newId(), pair, receivedAt: this.now });
    this.trace('the product revokes', pair.refresh);
    checkRevocation(row, this.server.revoke(pair.refresh));
  }

  // ---- invariants of every step

  check(): void {
    checkRepeats(this.server);
    checkLosses(this.server);
  }

  checkChange(before: GrantFacts, row: GrantRow): void {
    this.trace(
      row.facts.id,
      'is',
      row.facts.refreshState,
      row.facts.lastReason ?? '',
      row.facts.endedReason ? `reported as ${row.facts.endedReason}` : '',
    );
    if (before.endedReason === null && row.facts.endedReason !== null) this.count('revoked');
    checkRevokedState(this.server, before, row);
  }

  // ---- known losses

  excuseRequest(intentId: number, window: Window): void {
    this.excuse(this.requests.get(intentId), window);
  }

  private excuse(request: RefreshRequest | undefined, window: Window): void {
    if (request) request.window ??= window;
  }

  private excuseLapsed(intentId: number, window: Window): void {
    const intent = this.db.intents.get(intentId);
    if (intent && intent.state !== 'committed' && this.hasLapsed(intent))
      this.excuse(this.requests.get(intentId), window);
  }

  private hasLapsed({ grantId, epoch }: Intent): boolean {
    const { facts, claimUntil } = this.db.row(grantId);
    return facts.claimEpoch !== epoch || !isHeld(facts) || (claimUntil ?? 0) < this.now;
  }
}

const describeAnswer = (answer: Answer): string => (answer.ok ? answer.pair.refresh : answer.failure.code);
