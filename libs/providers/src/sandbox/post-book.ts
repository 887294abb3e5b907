import { days, type Duration } from '#config';
import { Collection, type Journal } from './journal.js';

/** A public post: what a follower would see. Ids are those of the platform. */
export interface EffectRecord {
  readonly provider: string;
  readonly id: string;
  readonly account: string;
  readonly clientId: string;
  readonly text: string;
  /** Addresses, and for uploaded bytes their number and digest. */
  readonly media: readonly string[];
  /** By the sandbox's clock. */
  readonly at: number;
  /** Position in the ledger. */
  readonly seq: number;
  /** What the platform shows beside the text, such as a title or a board. */
  readonly details: Readonly<Record<string, string>>;
}

/** Something that was prepared for a post: an upload, a container, a registration. */
export interface PreparedRecord {
  readonly provider: string;
  readonly id: string;
  readonly account: string;
  readonly kind: string;
  expiresAt: number;
  /** `waiting` for bytes, `processing`, `ready`, `failed`, or `published` as a part of a post. */
  state: 'waiting' | 'processing' | 'ready' | 'failed' | 'published';
  /** Looks at which it is still processing. */
  looksLeft: number;
  /** Bytes announced. */
  readonly size: number;
  /** Bytes received, by part. */
  parts: Record<string, { size: number; digest: string }>;
  details: Record<string, string>;
}

/** A call counted against a limit of its own. */
interface WindowRecord {
  readonly key: string;
  times: number[];
}

const KEEP_EFFECTS = days(30);
/** More of them than this are deleted with their window, at the next sweep. */
const KEEP_WINDOWS = days(2);

/** The posts of all platforms, what was prepared for them, and the calls that count against limits. */
export class PostBook {
  readonly effects: Collection<EffectRecord>;
  readonly prepared: Collection<PreparedRecord>;
  private readonly windows: Collection<WindowRecord>;
  private seq = 0;

  constructor(journal: Journal) {
    this.effects = new Collection('effect', ({ provider, id }) => `${provider}|${id}`, journal);
    this.prepared = new Collection('prepared', ({ provider, id }) => `${provider}|${id}`, journal);
    this.windows = new Collection('window', ({ key }) => key, journal);
  }

  /** The posts of an account since a moment, oldest first. */
  of(provider: string, account: string, since = 0): EffectRecord[] {
    return this.ledger(provider).filter((effect) => effect.account === account && effect.at >= since);
  }

  /** All posts, or those of one platform, oldest first. */
  ledger(provider?: string): EffectRecord[] {
    return [...this.effects.all()]
      .filter((effect) => provider === undefined || effect.provider === provider)
      .sort((one, other) => one.seq - other.seq);
  }

  add(effect: Omit<EffectRecord, 'seq'>): EffectRecord {
    this.seq = Math.max(this.seq, ...(this.seq === 0 ? this.ledger().map(({ seq }) => seq) : [])) + 1;
    const record = { ...effect, seq: this.seq };
    this.effects.save(record);
    return record;
  }

  /** How many calls were counted under this key within the window, this one included. */
  count(key: string, window: Duration, now: number): number {
    const times = (this.windows.get(key)?.times ?? []).filter((time) => time > now - window);
    this.windows.save({ key, times: [...times, now] });
    return times.length + 1;
  }

  collections(): (Collection<EffectRecord> | Collection<PreparedRecord> | Collection<WindowRecord>)[] {
    return [this.effects, this.prepared, this.windows];
  }

  sweep(now: number): void {
    for (const effect of [...this.effects.all()]) if (effect.at + KEEP_EFFECTS < now) this.effects.delete(effect);
    for (const one of [...this.prepared.all()]) if (one.expiresAt + days(1) < now) this.prepared.delete(one);
    for (const window of [...this.windows.all()]) {
      if ((window.times.at(-1) ?? 0) + KEEP_WINDOWS < now) this.windows.delete(window);
    }
  }
}
