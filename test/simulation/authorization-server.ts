import type { Failure } from '../../libs/providers/src/index.js';
import type { ApiCheck } from '../../libs/tokens/src/protocol/revocation-policy.js';
import { SECOND } from '../support/grant-facts.js';
import type { Pair } from './database.js';

/** What a person gave to the app, as the platform knows it: all pairs that came of one consent. */
export interface Family {
  person: string;
  alive: boolean;
  live: Set<string>;
}

/** One request with a refresh token, as whoever sent it knows it. */
export interface Sending {
  intentId: number;
  grantId: string;
  token: string;
  /** Sent though an earlier sending of the same token has an unknown outcome, or as a last try of a dead grant. */
  resend: boolean;
  /** The crash window through which its answer got lost, by which a loss is no bug. */
  window?: Window;
}

export type Window = 'W3/W4' | 'W11' | 'W12' | 'W13' | 'W14';

interface Spent {
  by: Sending;
  at: number;
}

interface RefreshToken {
  family: Family;
  spent?: Spent;
}

export type Mode = 'rotating_strict' | 'rotating_grace' | 'static';
export type Weather = 'well' | 'failing' | 'refusing_app';
export type Answer = { ok: true; pair: Pair } | { ok: false; failure: Failure };

export const LIFE = 7_200;
export const GRACE = 30 * SECOND;

const FAILING: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'http_503' };
const REFUSING_APP: Failure = { class: 'app', reason: 'app_misconfigured', code: 'invalid_client' };
const REFUSED: Failure = { class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' };

/** A spent token came again: it ends the family, and somebody lost a living grant by it. */
export interface Reuse {
  first: Sending;
  second: Sending;
  family: Family;
}

/** An authorization server with rotation and, where it is strict, reuse detection as in RFC 9700 4.14.2. */
export class AuthorizationServer {
  readonly tokens = new Map<string, RefreshToken>();
  readonly access = new Map<string, { family: Family; ends: number }>();
  readonly families: Family[] = [];
  readonly reuses: Reuse[] = [];
  /** Spent tokens that came again within the grace, and were given another pair. */
  readonly replaced: Reuse[] = [];
  weather: Weather = 'well';
  apiAnswers = true;
  /** Until then it says of every token that it is no good: a mistake of its own. */
  refusesAllUntil = -Infinity;
  /** Spent tokens that came again without either sending being a resend of an unknown outcome. */
  readonly sentTwice: Reuse[] = [];
  /** Tokens that it refused by mistake when they were sent again, though it promises a grace: who believes the promise doubts no more. */
  readonly promiseBroken = new Set<string>();
  private count = 0;

  constructor(
    readonly mode: Mode,
    private readonly clock: () => number,
  ) {}

  /** A person consents: a platform with one pair for each app and person ends the former one. */
  consent(person: string): Pair {
    for (const family of this.families.filter((one) => one.person === person)) this.end(family);
    const family: Family = { person, alive: true, live: new Set() };
    this.families.push(family);
    return this.issue(family);
  }

  familyOf(person: string): Family {
    return this.families.findLast((family) => family.person === person)!;
  }

  end(family: Family): void {
    family.alive = false;
  }

  /** As RFC 7009: what is not valid any more is no error, and nothing happens. Whether it ended a family. */
  revoke(refresh: string): boolean {
    const family = this.tokens.get(refresh)?.family;
    if (!family?.alive || !family.live.has(refresh)) return false;
    this.end(family);
    return true;
  }

  refresh(sending: Sending): Answer {
    if (this.clock() < this.refusesAllUntil) return this.refuseByMistake(sending);
    const failure = { well: undefined, failing: FAILING, refusing_app: REFUSING_APP }[this.weather];
    return failure ? { ok: false, failure } : this.rotate(sending);
  }

  identity(access: string): ApiCheck {
    if (!this.apiAnswers || this.weather === 'failing') return 'silent';
    const token = this.access.get(access);
    return token?.family.alive && token.ends > this.clock() ? 'accepts' : 'refuses';
  }

  private refuseByMistake({ token, resend }: Sending): Answer {
    if (this.mode === 'rotating_grace' && resend) this.promiseBroken.add(token);
    return { ok: false, failure: REFUSED };
  }

  private rotate(sending: Sending): Answer {
    const token = this.tokens.get(sending.token);
    if (!token?.family.alive) return { ok: false, failure: REFUSED };
    if (token.spent) return this.reused(token as Required<RefreshToken>, sending);
    if (this.mode === 'static')
      return { ok: true, pair: { ...this.issue(token.family, false), refresh: sending.token } };
    token.spent = { by: sending, at: this.clock() };
    token.family.live.delete(sending.token);
    return { ok: true, pair: this.issue(token.family) };
  }

  private reused({ family, spent }: Required<RefreshToken>, sending: Sending): Answer {
    const reuse = { first: spent.by, second: sending, family };
    if (!sending.resend && !spent.by.resend) this.sentTwice.push(reuse);
    if (this.mode === 'rotating_grace' && this.clock() - spent.at <= GRACE) return this.replace(reuse);
    this.reuses.push(reuse);
    family.alive = false;
    return { ok: false, failure: REFUSED };
  }

  /** Within its grace a spent token brings a pair once more, and the one that it brought before is good for nothing. */
  private replace(reuse: Reuse): Answer {
    const { family } = reuse;
    this.replaced.push(reuse);
    for (const refresh of family.live) this.tokens.delete(refresh);
    family.live.clear();
    return { ok: true, pair: this.issue(family) };
  }

  private issue(family: Family, rotates = true): Pair {
    this.count += 1;
    const pair = { access: `a${this.count}`, refresh: `r${this.count}` };
    this.access.set(pair.access, { family, ends: this.clock() + LIFE * SECOND });
    if (rotates) {
      this.tokens.set(pair.refresh, { family });
      family.live.add(pair.refresh);
    }
    return pair;
  }
}
