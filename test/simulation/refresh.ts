import type { Failure } from '../../libs/providers/src/index.js';
import type { Conclusion, Known, Step } from '../../libs/tokens/src/protocol/exchange-step.js';
import { type GrantChange, hasEnded, isSpentOnce } from '../../libs/tokens/src/protocol/grant.js';
import { Secret } from '../../libs/observability/src/index.js';
import { type Answer, LIFE, type RefreshRequest } from './authorization-server.js';
import { checkCanaryGrants, readCanary, scheduleCanary } from './canary.js';
import { type Claim, type Database, type Intent, type Pair, storedGrant } from './database.js';
import type { Host, Task } from './host.js';
import type { Entry } from './journal.js';
import type { Steps } from './steps.js';
import type { KeptExchange } from '../../libs/tokens/src/protocol/recovery.js';
import { attempt, stored } from './retry.js';
import type { World } from './world.js';

type Outcome = 'lost' | 'over';

const UNREACHABLE: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'not_reached' };
const DESTROYED: Pair = { access: '', refresh: '' };

/** The refresh of one exchanger: as refresh.ts, run-exchange.ts, store-failure.ts, commit-tokens.ts and recover.ts. */
export class Refresh {
  private readonly db: Database;

  constructor(
    private readonly world: World,
    private readonly host: Host,
  ) {
    this.db = world.db;
  }

  /** As refreshGrant. */
  *refresh(task: () => Task, grantId: string, forced: boolean): Steps<void> {
    if ((yield* this.once(task, grantId, forced)) === 'lost') yield* this.once(task, grantId, false);
  }

  private *once(task: () => Task, grantId: string, forced: boolean): Steps<Outcome> {
    if (yield* this.hasAside(task, grantId)) return 'over';
    yield* this.restoreLostCommits(task, grantId);
    const intentId = this.world.newId();
    const claim = this.attempt(() => this.db.claim(grantId, { holder: this.host.name, forced, intentId }));
    if (!claim) return 'over';
    yield 'soon';
    const pair = this.attempt(() => this.db.row(grantId).pair);
    if (pair === undefined) return 'over';
    if (pair === null || this.world.wiring.isFresh(claim.grant, claim.now))
      return yield* this.stored(() => {
        this.db.release(claim);
      });
    return yield* new Run(this.world, this.host, { claim, pair, task }).runToEnd({});
  }

  /** As LostCommits: stores the kept answer of a grant again where the database has lost the commit. */
  *restoreLostCommits(task: () => Task, grantId: string): Steps<void> {
    const kept = this.host.journal.kept.get(grantId);
    const row = this.attempt(() => this.db.row(grantId));
    if (!kept || !row || !this.world.wiring.isBehind(storedGrant(row), kept)) return;
    this.world.count('answers stored again');
    const intent = this.db.intents.get(kept.intentId) ?? this.restoreIntent(grantId, kept);
    yield* this.resume(task, { ...intent, version: kept.version }, kept.answer);
  }

  private restoreIntent(grantId: string, kept: KeptExchange & { intentId: number }): Intent {
    const { intentId, version, claimedAt } = kept;
    const intent: Intent = {
      ...{ id: intentId, grantId, version, epoch: '', holder: this.host.name },
      ...{ preparedAt: claimedAt.getTime(), dispatchedAt: this.world.now, state: 'dispatched' },
    };
    this.db.intents.set(intentId, intent);
    return intent;
  }

  /** As Recovery.before: retries to store what is set aside. True: it still is, and its token must not be sent again. */
  private *hasAside(task: () => Task, grantId: string): Steps<boolean> {
    const { journal } = this.host;
    const aside = journal.aside(grantId);
    const intent = aside && this.db.intents.get(aside.intentId);
    if (aside && intent) yield* this.resumeEntry(task, intent, aside);
    const isSpared = this.world.wiring.sparesSetAside && isSpentOnce(this.db.row(grantId).facts);
    return isSpared && journal.aside(grantId) !== undefined;
  }

  /** As recover: finishes the exchanges of the previous process. */
  *recover(task: () => Task): Steps<string[]> {
    const unknown: string[] = [];
    for (const entry of [...this.host.journal.entries.values()]) {
      yield 'soon';
      const intent = this.db.intents.get(entry.intentId);
      if (intent && (yield* this.resumeEntry(task, intent, entry)) === 'lost') unknown.push(entry.grantId);
    }
    yield 'soon';
    const left = [...this.db.intents.values()].filter(
      ({ holder, state }) => holder === this.host.name && (state === 'prepared' || state === 'dispatched'),
    );
    for (const intent of left)
      if ((yield* this.settleUnrecorded(task, intent)) === 'lost') unknown.push(intent.grantId);
    return unknown;
  }

  /** As settle in recover.ts. */
  private *resumeEntry(task: () => Task, intent: Intent, { intentId, answer }: Entry): Steps<Outcome> {
    const journal = answer ? 'answer' : 'dispatch';
    const recovery = this.world.wiring.decideRecovery({ journal, intent: intent.state, isOwn: true });
    if (recovery === 'store' || recovery === 'unknown') return yield* this.resume(task, intent, answer);
    this.host.journal.settled(intentId);
    return 'over';
  }

  /** The same for an exchange that the database alone has noted. */
  private *settleUnrecorded(task: () => Task, intent: Intent): Steps<Outcome> {
    const recovery = this.world.wiring.decideRecovery({ journal: 'nothing', intent: intent.state, isOwn: true });
    if (recovery === 'unknown') return yield* this.resume(task, intent, null);
    if (recovery !== 'release') return 'over';
    return yield* this.stored(() => {
      this.db.release(this.claimOf(intent));
    });
  }

  private *resume(task: () => Task, intent: Intent, answer: Answer | null): Steps<Outcome> {
    if (answer) this.world.count('answers recovered from a journal');
    const claim = this.claimOf(intent);
    const pair = this.db.row(intent.grantId).pair ?? DESTROYED;
    return yield* new Run(this.world, this.host, { claim, pair, task }, answer).runToEnd(
      this.world.wiring.fromJournal(answer !== null),
    );
  }

  private claimOf({ grantId, id, version, epoch, preparedAt }: Intent): Claim {
    const { facts } = this.db.row(grantId);
    const grant = { ...facts, refreshState: this.world.wiring.stateBefore(facts), tokenVersion: version };
    return { grant, now: this.db.now, claimedAt: new Date(preparedAt), intentId: id, epoch };
  }

  private attempt<Result>(work: () => Result): Result | undefined {
    return attempt(this.db, work);
  }

  private *stored(work: () => void): Steps<Outcome> {
    yield* stored(this.db, work);
    return 'over';
  }
}

interface Parts {
  claim: Claim;
  pair: Pair;
  task: () => Task;
}

/** As Run in run-exchange.ts, with the conclusions of a refresh. */
class Run {
  constructor(
    private readonly world: World,
    private readonly host: Host,
    private readonly parts: Parts,
    private answer: Answer | null = null,
  ) {}

  *runToEnd(known: Known): Steps<Outcome> {
    let outcome: Outcome = 'over';
    const { nextStep, conclusionOf } = this.world.wiring;
    for (let step = nextStep(known); step !== 'done'; step = nextStep(known)) {
      // No pause between the last check of the clock and the first byte.
      if (step !== 'send') yield 'soon';
      if (step === 'conclude') {
        const concluded = yield* this.conclude(conclusionOf(known));
        known = { ...known, ...(concluded === 'refused' ? { refused: true } : { concluded: true }) };
        if (concluded !== 'refused') outcome = concluded;
      } else known = { ...known, ...(yield* this.take(step)) };
    }
    return outcome;
  }

  private *take(step: Exclude<Step, 'conclude' | 'done'>): Steps<Known> {
    const { journal } = this.host;
    const { intentId } = this.parts.claim;
    if (step === 'connect') return { reached: this.world.reachable };
    if (step === 'dispatch') return yield* this.dispatch();
    if (step === 'send') return yield* this.send();
    if (step === 'record') return this.record();
    if (step === 'set_aside') return this.setAside();
    const { grant, claimedAt } = this.parts.claim;
    journal.settled(intentId, this.answer?.ok ? { version: grant.tokenVersion, claimedAt } : undefined);
    return { closed: true };
  }

  private setAside(): Known {
    const { intentId } = this.parts.claim;
    const setAside = this.host.journal.setAside(intentId);
    if (!setAside) this.world.excuseRequest(intentId, 'W3/W4');
    this.world.count('answers set aside');
    return { setAside };
  }

  private record(): Known {
    const { task, claim } = this.parts;
    const recorded = this.world.wiring.journalsAnswers
      ? this.host.journal.answered(claim.intentId, this.answer!)
      : true;
    const { wire } = task();
    if (wire) wire.recorded = recorded;
    return { recorded };
  }

  /** Record D and the mark in the database are written concurrently: either may be first, and either may fail. */
  private *dispatch(): Steps<Known> {
    const { claim } = this.parts;
    if (!this.world.wiring.recordsDispatch) return { dispatched: true };
    const journal = (): boolean => this.host.journal.dispatched(claim.intentId, claim.grant.id);
    const mark = (): boolean => attempt(this.world.db, () => this.world.db.mark(claim)) ?? false;
    const [first, second] = this.world.draw(2) === 0 ? [journal, mark] : [mark, journal];
    const recordedAt = this.world.now;
    const one = first();
    yield 'soon';
    const other = second();
    yield 'soon';
    return { dispatched: one && other && this.world.wiring.mayStillSend(this.world.now - recordedAt) };
  }

  private *send(): Steps<Known> {
    const { claim, pair, task } = this.parts;
    const { grant, intentId } = claim;
    const request: RefreshRequest = {
      intentId,
      grantId: grant.id,
      token: pair.refresh,
      resend: grant.unknownSince !== null || grant.endedReason !== null,
    };
    const isAsideElsewhere = this.world.hosts.some((one) => one !== this.host && one.journal.aside(grant.id));
    if (isAsideElsewhere) request.window = 'aside';
    const wire = this.world.send(request);
    task().wire = wire;
    yield 'answer';
    const { inbox } = wire;
    if (inbox === undefined || inbox === 'reset') {
      request.window ??= 'W13';
      return { answer: 'lost' };
    }
    this.answer = inbox;
    return { answer: 'arrived' };
  }

  private *conclude(conclusion: Conclusion): Steps<Outcome | 'refused'> {
    const { claim } = this.parts;
    if (conclusion === 'answered') return yield* this.answered(this.answer!);
    if (conclusion === 'refused')
      yield* this.settle('unknown', (now) => this.world.wiring.afterRefusedAnswer(claim.grant, now));
    else if (conclusion === 'cancelled')
      yield* stored(this.world.db, () => {
        this.world.db.release(claim);
      });
    else yield* this.settle(conclusion === 'lost' ? 'unknown' : 'released', (now) => this.unanswered(conclusion, now));
    return conclusion === 'lost' ? 'lost' : 'over';
  }

  private unanswered(conclusion: Conclusion, now: Date): GrantChange {
    const { grant } = this.parts.claim;
    const { afterLostAnswer, afterFailure } = this.world.wiring;
    const moment = { now, random: this.world.random };
    return conclusion === 'lost' ? afterLostAnswer(grant, moment) : afterFailure(grant, UNREACHABLE, moment);
  }

  private *answered(answer: Answer): Steps<Outcome | 'refused'> {
    if (answer.ok) return yield* this.commit(answer.pair);
    yield* this.failed(answer);
    return 'over';
  }

  private *failed(answer: Answer & { ok: false }): Steps<void> {
    const { grant } = this.parts.claim;
    if (answer.outcomeUnknown && isSpentOnce(grant)) return yield* this.doubt(answer.failure);
    if (answer.failure.class === 'permanent') return yield* this.strike(answer.failure);
    yield* this.settle('answered', (now) =>
      this.world.wiring.afterFailure(grant, answer.failure, { now, random: this.world.random }),
    );
  }

  /** As storeDoubtfulAnswer. */
  private *doubt(failure: Failure): Steps<void> {
    const { db, wiring, random } = this.world;
    const { grant } = this.parts.claim;
    this.world.count('doubtful answers');
    yield* this.settle('unknown', (now) =>
      wiring.afterDoubtfulAnswer(grant, failure, { now, random, sentInGrace: db.countSentInGrace(grant) }),
    );
  }

  /** As storeStrike. */
  private *strike(failure: Failure): Steps<void> {
    const {
      claim: { grant, epoch, intentId },
      pair,
    } = this.parts;
    const { db, server, wiring } = this.world;
    yield 'soon';
    const canaryOkAt = wiring.mayBeRevoked(grant, db.now) ? checkCanaryGrants(this.world, grant) : null;
    yield 'soon';
    const apiCheck = hasEnded(grant, db.now) ? 'silent' : server.identity(pair.access);
    yield 'soon';
    yield* this.settle('answered', (now) => {
      const canary = readCanary(db, grant, intentId);
      const withinGrace = grant.unknownSince !== null && db.isWithinGrace(grant, intentId);
      const superseded = db.isSuperseded(grant);
      const strike = {
        now,
        apiCheck,
        canary: { ...canary, acceptedAt: canaryOkAt ?? canary.refreshedAt },
        withinGrace,
        superseded,
        waiting: this.world.consents.some((consent) => consent.grantId === grant.id),
      };
      const change = wiring.afterStrike(grant, failure, strike);
      if (wiring.needsCanary(grant, strike)) scheduleCanary(db, grant);
      const orphan = wiring.endsGrant(grant, change) ? db.row(grant.id).orphans.at(-1) : undefined;
      if (
        !orphan ||
        !db.adoptOrphan(grant, wiring.afterAdoption(grant, { now, errorCode: failure.code }), { epoch, orphan })
      )
        return change;
      this.world.count('late pairs adopted');
      return undefined;
    });
  }

  /** As storeResult in store-result.ts. */
  private *settle(end: Intent['state'], decide: (now: Date) => GrantChange | undefined): Steps<void> {
    const { db } = this.world;
    const { claim } = this.parts;
    yield* stored(db, () => {
      db.requireReplication();
      const row = db.row(claim.grant.id);
      const before = row.facts;
      const change = decide(db.now);
      if (change) db.changeGrant(claim.grant, change, { epoch: claim.epoch });
      const intent = db.intents.get(claim.intentId)!;
      if (intent.state !== 'committed') intent.state = end;
      db.applyHealth(row);
      this.world.checkChange(before, row);
    });
  }

  /** As commitTokens. */
  private *commit(pair: Pair): Steps<Outcome | 'refused'> {
    const { db } = this.world;
    const fate = yield* stored(db, () => {
      if (db.refusesPairs) return 'refused';
      return this.store(pair) ? 'stored' : this.keepLatePair(pair);
    });
    if (fate === 'refused') return fate;
    if (fate !== 'unwanted') return 'over';
    yield 'soon';
    this.world.revoke(this.parts.claim.grant.id, pair);
    return 'over';
  }

  private store(pair: Pair): boolean {
    const {
      world: { db, wiring, random },
      parts: { claim },
    } = this;
    const tokens = {
      accessToken: new Secret(''),
      refreshToken: new Secret(''),
      expiresIn: LIFE,
      refreshExpiresIn: null,
      scopes: null,
    };
    const change = wiring.afterTokens(claim.grant, tokens, null, { now: db.now, random });
    if (!db.changeGrant(claim.grant, change, { rotate: true, claimedAt: claim.claimedAt })) return false;
    const row = db.row(claim.grant.id);
    this.world.count(claim.grant.endedReason === null ? 'rotations' : 'recovered');
    row.pair = pair;
    const intent = db.intents.get(claim.intentId)!;
    db.deleteOutdated(row, intent.dispatchedAt);
    intent.state = 'committed';
    for (let events = 0; events < wiring.eventsPerCommit; events += 1)
      db.events.push({ type: 'account.refreshed', intentId: claim.intentId });
    db.applyHealth(row);
    return true;
  }

  private keepLatePair(pair: Pair): string {
    const {
      world: { db, wiring },
      parts: {
        claim: { grant, intentId },
      },
    } = this;
    db.requireReplication();
    const row = db.row(grant.id);
    const intent = db.intents.get(intentId)!;
    const fate = wiring.fateOfLatePair({ committed: intent.state === 'committed', hasValidPair: row.pair !== null });
    if (fate !== 'stored') this.world.count('late pairs');
    if (fate === 'orphan') row.orphans.push({ intentId, pair, receivedAt: db.now.getTime() });
    if (fate !== 'stored') intent.state = 'answered';
    return fate;
  }
}
