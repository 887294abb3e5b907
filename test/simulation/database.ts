import type { StoredGrant } from '../../libs/tokens/src/protocol/recovery.js';
import type { GrantChange, GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import { deriveHealth, type HealthState } from '../../libs/tokens/src/protocol/health.js';
import { HEALTHY } from '../../libs/tokens/src/protocol/after-refresh.js';
import { grantFacts, SECOND } from '../support/grant-facts.js';
import { GRACE } from './authorization-server.js';
import type { Wiring } from './wiring.js';

export interface Pair {
  access: string;
  refresh: string;
}

export interface GrantRow {
  facts: GrantFacts;
  holder: string | null;
  claimUntil: number | null;
  pair: Pair | null;
  orphans: { intentId: number; pair: Pair; receivedAt: number }[];
  health: HealthState;
  connected: boolean;
  /** Of the stored consent. */
  consentSequence: number;
  consentedAt: number;
  /** The newest consent that was ever stored. */
  newestConsent: number;
  /** After a disconnect an older consent was stored than the one that was disconnected: the platform has ended it. */
  isOutdated: boolean;
}

/** A consent whose code was exchanged and whose pair is not stored yet. */
export interface Consent {
  grantId: string;
  sequence: number;
  exchangedAt: number;
  pair: Pair;
}

export interface Intent {
  id: number;
  grantId: string;
  version: string;
  epoch: string;
  holder: string;
  preparedAt: number;
  dispatchedAt: number;
  state: 'prepared' | 'dispatched' | 'committed' | 'released' | 'unknown' | 'answered';
}

/** The claim on a grant during one exchange, and the grant before it. */
export interface Claim {
  grant: GrantFacts;
  now: Date;
  claimedAt: Date;
  intentId: number;
  epoch: string;
}

/** The database did not answer: the transaction was rolled back, or it was committed and the confirmation was lost. */
export class DatabaseGone extends Error {}

/** All that a database holds. */
interface Snapshot {
  grants: Map<string, GrantRow>;
  intents: Map<number, Intent>;
  events: { type: 'account.refreshed'; intentId: number }[];
  at: number;
}

function replace<Key, Value>(map: Map<Key, Value>, by: Map<Key, Value>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}

const FREE = new Set(['idle', 'backoff', 'confirm', 'unknown']);

/** A model of PostgreSQL: atomic transactions, one clock, and lost confirmations. */
export class Database {
  readonly grants = new Map<string, GrantRow>();
  readonly intents = new Map<number, Intent>();
  readonly events: { type: 'account.refreshed'; intentId: number }[] = [];
  #standby: Snapshot | undefined;
  up = true;
  /** It refuses each pair for good, as text that no column takes. */
  refusesPairs = false;
  /** The next transaction is committed, and its confirmation is lost. */
  losesAnswer = false;

  constructor(
    private readonly wiring: Wiring,
    private readonly clock: () => number,
  ) {}

  get now(): Date {
    return new Date(this.clock());
  }

  transaction<Result>(work: () => Result): Result {
    if (!this.up) throw new DatabaseGone();
    const result = work();
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw new DatabaseGone();
    }
    return result;
  }

  /** The standby has received everything until now. */
  replicate(): void {
    const { grants, intents, events } = this;
    this.#standby = structuredClone({ grants, intents, events, at: this.clock() });
  }

  /** Something was stored that no journal holds: in this model a standby never lacks it. */
  requireReplication(): void {
    this.#standby = undefined;
  }

  /** A failover to the standby: what it has not received is lost. False: it lacks nothing that a journal could hold. */
  failOver(): boolean {
    const standby = this.#standby;
    if (!standby || this.clock() - standby.at > 15 * 60 * SECOND) return false;
    const { grants, intents, events } = structuredClone(standby);
    replace(this.grants, grants);
    replace(this.intents, intents);
    this.events.splice(0, this.events.length, ...events);
    return true;
  }

  row(grantId: string): GrantRow {
    return this.grants.get(grantId)!;
  }

  add(id: string, changes: GrantChange, pair: Pair): void {
    const facts = { ...grantFacts(changes), id, platformUserId: id };
    this.grants.set(id, {
      facts,
      holder: null,
      claimUntil: null,
      pair,
      orphans: [],
      health: { health: 'active', reason: null },
      connected: true,
      consentSequence: 0,
      consentedAt: -1,
      newestConsent: 0,
      isOutdated: false,
    });
  }

  /** As TAKE in store/claims.ts. */
  claim(
    grantId: string,
    { holder, forced, intentId }: { holder: string; forced: boolean; intentId: number },
  ): Claim | undefined {
    const row = this.row(grantId);
    const { facts } = row;
    if (this.wiring.claimsExclude && !FREE.has(facts.refreshState)) return undefined;
    if (facts.refreshState === 'ended' || !(forced || isDue(facts, this.clock()))) return undefined;
    const epoch = String(Number(facts.claimEpoch) + 1);
    row.facts = { ...facts, refreshState: 'claimed', claimEpoch: epoch };
    row.holder = holder;
    row.claimUntil = this.clock() + this.wiring.claimTtl;
    this.intents.set(intentId, {
      id: intentId,
      grantId,
      version: facts.tokenVersion,
      epoch,
      holder,
      preparedAt: this.clock(),
      dispatchedAt: 0,
      state: 'prepared',
    });
    return { grant: facts, now: this.now, claimedAt: this.now, intentId, epoch };
  }

  /** As MARK in store/claims.ts. */
  mark({ grant, epoch, intentId }: Claim): boolean {
    const row = this.row(grant.id);
    if (this.wiring.epochFence && (row.facts.claimEpoch !== epoch || row.facts.refreshState !== 'claimed'))
      return false;
    row.facts = { ...row.facts, refreshState: 'in_flight' };
    row.claimUntil = this.clock() + this.wiring.claimTtl;
    const intent = this.intents.get(intentId)!;
    intent.state = 'dispatched';
    intent.dispatchedAt = this.clock();
    return true;
  }

  /** As releaseClaim in store/claims.ts. */
  release({ grant, epoch, intentId }: Claim): void {
    const row = this.row(grant.id);
    if (row.facts.claimEpoch === epoch && isHeld(row.facts)) this.change(row, { refreshState: grant.refreshState });
    this.intents.get(intentId)!.state = 'released';
  }

  /** As changeGrant in store/grants.ts. An empty `epoch` matches every claim. False: the version or the epoch has changed. */
  changeGrant(
    grant: GrantFacts,
    change: GrantChange,
    { rotate = false, epoch = '', claimedAt }: { rotate?: boolean; epoch?: string; claimedAt?: Date } = {},
  ): boolean {
    const row = this.row(grant.id);
    const { tokenVersion: stored } = row.facts;
    const isBehind = claimedAt && this.wiring.isBehind(storedGrant(row), { version: grant.tokenVersion, claimedAt });
    if (!isBehind && !this.isStill(row.facts, grant.tokenVersion, epoch)) return false;
    this.change(row, change);
    if (rotate) this.rotate(row, String(Math.max(Number(stored), Number(grant.tokenVersion))));
    return true;
  }

  private isStill({ tokenVersion, claimEpoch }: GrantFacts, version: string, epoch: string): boolean {
    if (this.wiring.versionFence && tokenVersion !== version) return false;
    return !this.wiring.epochFence || epoch === '' || claimEpoch === epoch;
  }

  change(row: GrantRow, change: GrantChange): void {
    row.holder = null;
    row.claimUntil = null;
    row.facts = { ...row.facts, ...change };
  }

  rotate(row: GrantRow, before = row.facts.tokenVersion): void {
    row.facts = { ...row.facts, tokenVersion: String(Number(before) + 1) };
  }

  /** As health-store.ts; here each grant has one account. */
  applyHealth(row: GrantRow): void {
    const account = {
      health: row.health.health,
      missingScopes: [],
      ownToken: false,
      probeClass: null,
      probeReason: null,
      isSealBroken: false,
    };
    row.health = deriveHealth({ grant: row.facts, account, app: null, now: this.now });
  }

  /** As adoptOrphan: a late pair replaces a refused one. */
  adoptOrphan(
    grant: GrantFacts,
    change: GrantChange,
    { epoch, orphan }: { epoch: string; orphan: GrantRow['orphans'][number] },
  ): boolean {
    const row = this.row(grant.id);
    if (row.pair === null || !this.changeGrant(grant, change, { rotate: true, epoch })) return false;
    row.pair = orphan.pair;
    row.orphans = row.orphans.filter((other) => other !== orphan);
    return true;
  }

  /** As isWithinGrace in store/grace.ts. */
  isWithinGrace({ id, tokenVersion, mode }: GrantFacts, intentId: number): boolean {
    if (mode !== 'rotating_grace') return false;
    const before = [...this.intents.values()].filter(
      (one) =>
        one.grantId === id &&
        one.version === tokenVersion &&
        one.id !== intentId &&
        (one.state === 'dispatched' || one.state === 'unknown'),
    );
    if (before.length === 0) return false;
    const first = Math.min(...before.map(({ dispatchedAt }) => dispatchedAt));
    return (this.intents.get(intentId)?.dispatchedAt ?? 0) - first < GRACE - 2 * SECOND;
  }

  /** As countSentInGrace in store/resends.ts. */
  countSentInGrace({ id, tokenVersion, mode }: GrantFacts): number | null {
    if (mode !== 'rotating_grace') return null;
    const since = this.clock() - GRACE;
    return [...this.intents.values()].filter(
      ({ grantId, version, state, dispatchedAt }) =>
        grantId === id &&
        version === tokenVersion &&
        (state === 'dispatched' || state === 'unknown') &&
        dispatchedAt > since,
    ).length;
  }

  /** As isSuperseded in store/superseded.ts. */
  isSuperseded({ id, tokenVersion }: GrantFacts): boolean {
    const sent = [...this.intents.values()].filter(
      (one) => one.grantId === id && Number(one.version) === Number(tokenVersion) - 1,
    );
    const stored = sent.find(({ state }) => state === 'committed');
    return (
      stored !== undefined &&
      sent.some(({ state, dispatchedAt }) => state !== 'released' && dispatchedAt > stored.dispatchedAt)
    );
  }

  due(): string[] {
    const now = this.clock();
    const due = [...this.grants.values()]
      .map(({ facts }) => facts)
      .filter((facts) => FREE.has(facts.refreshState) && isDue(facts, now));
    return due
      .sort((a, b) => Number(b.refreshState === 'unknown') - Number(a.refreshState === 'unknown'))
      .map(({ id }) => id);
  }

  /** As adoptGrant: the person has reconnected. False: a later consent is stored, and the pair is kept beside it. */
  adopt({ grantId, sequence, exchangedAt, pair }: Consent, change: GrantChange, intentId: number): boolean {
    this.requireReplication();
    const row = this.row(grantId);
    if (this.wiring.ordersConsents && row.pair !== null && sequence < row.consentSequence) {
      row.orphans.push({ intentId, pair, receivedAt: this.clock() });
      return false;
    }
    row.newestConsent = Math.max(row.newestConsent, sequence);
    row.isOutdated = (row.pair === null || row.isOutdated) && sequence < row.newestConsent;
    this.change(row, { ...HEALTHY, ...change });
    this.rotate(row);
    row.pair = pair;
    row.consentSequence = sequence;
    row.consentedAt = exchangedAt;
    this.deleteOutdated(row, exchangedAt);
    row.connected = true;
    row.health = { health: 'active', reason: null };
    return true;
  }

  /** As shredOrphansBefore and shredOrphansBeforeExchange of the vault. */
  deleteOutdated(row: GrantRow, before: number): void {
    if (this.wiring.deletesOutdatedPairs) row.orphans = row.orphans.filter(({ receivedAt }) => receivedAt >= before);
  }

  /** As retireGrant: the grant has no account any more. Returns the pair to revoke. */
  retire(grantId: string): Pair | null {
    this.requireReplication();
    const row = this.row(grantId);
    const { pair } = row;
    this.change(row, { refreshState: 'ended', refreshDueAt: null });
    this.rotate(row);
    row.pair = null;
    row.orphans = [];
    row.connected = false;
    row.health = { health: 'disconnected', reason: null };
    return pair;
  }
}

export const storedGrant = ({ facts, consentedAt }: GrantRow): StoredGrant => ({
  tokenVersion: facts.tokenVersion,
  refreshState: facts.refreshState,
  consentedAt: new Date(consentedAt),
});

export const isHeld = ({ refreshState }: GrantFacts): boolean =>
  refreshState === 'claimed' || refreshState === 'in_flight';

const isDue = ({ refreshDueAt }: GrantFacts, now: number): boolean =>
  refreshDueAt !== null && refreshDueAt.getTime() <= now;
