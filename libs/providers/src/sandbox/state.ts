import { days, hours } from '#config';
import { SandboxClock } from './clock.js';
import { GrantBook } from './grant-book.js';
import { Collection, type Journal } from './journal.js';
import { PostBook } from './post-book.js';
import type { PushRecord } from './push.js';
import type { AppRecord, CodeRecord, GrantRecord } from './records.js';

/** Longer than any platform's code is valid, so that a late one is recognized as one. */
const KEEP_CODES = hours(2);
const KEEP_ENDED_GRANTS = days(1);

interface Restorable {
  readonly kind: string;
  restore(item: object): void;
  clear(): void;
}

/** The state of all imitated platforms. */
export class SandboxState {
  readonly clock: SandboxClock;
  readonly apps: Collection<AppRecord>;
  readonly codes: Collection<CodeRecord>;
  readonly grants: GrantBook;
  readonly pushes: Collection<PushRecord>;
  readonly posts: PostBook;

  constructor(journal: Journal) {
    this.clock = new SandboxClock(journal);
    this.apps = new Collection('app', (app) => `${app.provider}|${app.clientId}`, journal);
    this.codes = new Collection('code', (code) => code.digest, journal);
    this.grants = new GrantBook(journal);
    this.posts = new PostBook(journal);
    this.pushes = new Collection('push', (push) => `${push.provider}|${push.clientId}`, journal);
  }

  app(provider: string, clientId: string): AppRecord | undefined {
    return this.apps.get(`${provider}|${clientId}`);
  }

  /** An unknown client id becomes an app; the secret of its first request is required from then on. */
  appOrNew(provider: string, clientId: string): AppRecord {
    return this.app(provider, clientId) ?? { provider, clientId, redirectUris: [], knobs: {} };
  }

  /** Records what it takes to call an app; later values replace earlier ones. */
  notePush(provider: string, clientId: string, known: Pick<PushRecord, 'url' | 'secret'>): PushRecord {
    const record = { provider, clientId, ...this.pushes.get(`${provider}|${clientId}`), ...known };
    this.pushes.save(record);
    return record;
  }

  push(provider: string, clientId: string): PushRecord | undefined {
    return this.pushes.get(`${provider}|${clientId}`);
  }

  /** Takes back one record of the journal; a key of another kind is not ours. */
  restore(key: string, value: object): void {
    this.collections()
      .find(({ kind }) => key.startsWith(`${kind}!`))
      ?.restore(value);
  }

  clear(): void {
    for (const collection of this.collections()) collection.clear();
  }

  /** Ends all tokens of the grant. */
  endGrant(grant: GrantRecord): void {
    const now = this.clock.now();
    grant.endsAt = Math.min(grant.endsAt ?? now, now);
    this.grants.save(grant);
  }

  /** A person removes an app, or any app of the platform when none is named; answers the live grants that ended. */
  endGrantsOf(owner: { provider: string; persona: string; clientId?: string }): GrantRecord[] {
    const now = this.clock.now();
    const theirs = [...this.grants.all()].filter(
      (grant) =>
        grant.provider === owner.provider &&
        grant.persona === owner.persona &&
        (owner.clientId === undefined || grant.clientId === owner.clientId) &&
        (grant.endsAt ?? Infinity) > now,
    );
    for (const grant of theirs) this.endGrant(grant);
    return theirs;
  }

  private collections(): Restorable[] {
    return [this.clock, this.apps, this.codes, this.grants, this.pushes, ...this.posts.collections()];
  }

  /** Deletes records that are answered like unknown ones, so that a sandbox that runs for months stays small. */
  sweep(): void {
    const now = this.clock.now();
    this.posts.sweep(now);
    for (const code of [...this.codes.all()]) {
      if (code.issuedAt + KEEP_CODES < now) this.codes.delete(code);
    }
    for (const grant of [...this.grants.all()]) {
      if (endedSince(grant) + KEEP_ENDED_GRANTS < now) this.grants.delete(grant);
    }
  }
}

function endedSince(grant: GrantRecord): number {
  const lastToken = Math.max(
    grant.refresh?.expiresAt ?? 0,
    ...[...grant.access, ...(grant.pageTokens ?? [])].map(({ expiresAt }) => expiresAt),
  );
  return Math.min(grant.endsAt ?? Infinity, lastToken);
}
