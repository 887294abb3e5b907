import type { Failure } from '../../libs/providers/src/index.js';
import type { ApiCheck } from '../../libs/tokens/src/protocol/revocation-policy.js';
import { SECOND } from '../support/grant-facts.js';
import type { Pair } from './database.js';

/** All token pairs that come from one consent, as the platform stores them. */
export interface Family {
  person: string;
  isValid: boolean;
  leaves: Set<string>;
}

/** One request with a refresh token, with what is known about it at its sender. */
export interface RefreshRequest {
  intentId: number;
  grantId: string;
  token: string;
  /** The same token was sent before with an unknown outcome, or this is a later retry of a grant reported as revoked. */
  resend: boolean;
  /** The known crash window in which its answer was lost; a loss in such a window is not a bug. */
  window?: Window;
}

/** `aside`: another host has the answer in its journal, and cannot store it. */
export type Window = 'W3/W4' | 'W11' | 'W12' | 'W13' | 'W14' | 'aside';

interface Spent {
  by: RefreshRequest;
  at: number;
}

interface RefreshToken {
  family: Family;
  spent?: Spent;
}

export type Mode = 'rotating_strict' | 'rotating_grace' | 'static';
/** `losing`: it works, and the gateway in front of it answers 502 instead. */
export type PlatformState = 'working' | 'failing' | 'losing' | 'limiting' | 'refusing_app';
export type Answer = { ok: true; pair: Pair } | { ok: false; failure: Failure; outcomeUnknown?: true };

export const LIFE = 7_200;
export const GRACE = 30 * SECOND;

const FAILING: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'http_503' };
const LOSING: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'http_502' };
const LIMITING: Failure = { class: 'temporary', reason: 'rate_limited', code: 'http_429' };
const REFUSING_APP: Failure = { class: 'app', reason: 'app_misconfigured', code: 'invalid_client' };
const REFUSED: Failure = { class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' };

/** Reuse of a spent token: it revokes the family, and a valid grant is lost. */
export interface Reuse {
  first: RefreshRequest;
  second: RefreshRequest;
  family: Family;
}

/** An authorization server with rotation and, where it is strict, reuse detection as in RFC 9700 4.14.2. */
export class AuthorizationServer {
  readonly tokens = new Map<string, RefreshToken>();
  readonly access = new Map<string, { family: Family; ends: number }>();
  readonly families: Family[] = [];
  readonly reuses: Reuse[] = [];
  /** Spent tokens that were sent again within the grace period and received another pair. */
  readonly replaced: Reuse[] = [];
  state: PlatformState = 'working';
  apiAnswers = true;
  /** Until this time it refuses every token by mistake. */
  refusesAllUntil = -Infinity;
  /** Until this time it refuses by mistake every token that is sent again: its replicas disagree about what is spent. */
  refusesResendsUntil = -Infinity;
  /** Spent tokens that were sent again although neither request follows an unknown outcome. */
  readonly sentTwice: Reuse[] = [];
  /** Tokens that it refused by mistake when they were resent within the grace period; the exchanger trusts that refusal. */
  readonly promiseBroken = new Set<string>();
  private count = 0;

  constructor(
    readonly mode: Mode,
    private readonly clock: () => number,
  ) {}

  /** A person consents. The platform keeps one pair for each app and person, so it revokes the previous one. */
  consent(person: string): Pair {
    for (const family of this.families.filter((one) => one.person === person)) this.end(family);
    const family: Family = { person, isValid: true, leaves: new Set() };
    this.families.push(family);
    return this.issue(family);
  }

  familyOf(person: string): Family {
    return this.families.findLast((family) => family.person === person)!;
  }

  end(family: Family): void {
    family.isValid = false;
  }

  /** RFC 7009 2.2: an invalid token is no error. Returns whether a family was revoked. */
  revoke(refresh: string): boolean {
    const family = this.tokens.get(refresh)?.family;
    if (!family?.isValid || !family.leaves.has(refresh)) return false;
    this.end(family);
    return true;
  }

  refresh(request: RefreshRequest): Answer {
    if (this.clock() < this.refusesAllUntil) return this.refuseByMistake(request);
    if (this.mode === 'rotating_strict' && request.resend && this.clock() < this.refusesResendsUntil)
      return { ok: false, failure: REFUSED };
    if (this.state === 'failing') return { ok: false, failure: FAILING, outcomeUnknown: true };
    if (this.state === 'losing') return this.rotateAndLose(request);
    const failure = { working: undefined, limiting: LIMITING, refusing_app: REFUSING_APP }[this.state];
    return failure ? { ok: false, failure } : this.rotate(request);
  }

  private rotateAndLose(request: RefreshRequest): Answer {
    const answer = this.rotate(request);
    if (answer.ok) request.window ??= 'W13';
    return { ok: false, failure: LOSING, outcomeUnknown: true };
  }

  identity(access: string): ApiCheck {
    if (!this.apiAnswers || this.state === 'failing') return 'silent';
    const token = this.access.get(access);
    return token?.family.isValid && token.ends > this.clock() ? 'accepts' : 'refuses';
  }

  private refuseByMistake({ token, resend }: RefreshRequest): Answer {
    if (this.mode === 'rotating_grace' && resend) this.promiseBroken.add(token);
    return { ok: false, failure: REFUSED };
  }

  private rotate(request: RefreshRequest): Answer {
    const token = this.tokens.get(request.token);
    if (!token?.family.isValid) return { ok: false, failure: REFUSED };
    if (token.spent) return this.reused(token as Required<RefreshToken>, request);
    if (this.mode === 'static')
      return { ok: true, pair: { ...this.issue(token.family, false), refresh: request.token } };
    token.spent = { by: request, at: this.clock() };
    token.family.leaves.delete(request.token);
    return { ok: true, pair: this.issue(token.family) };
  }

  private reused({ family, spent }: Required<RefreshToken>, request: RefreshRequest): Answer {
    const reuse = { first: spent.by, second: request, family };
    if (!request.resend && !spent.by.resend) this.sentTwice.push(reuse);
    if (this.mode === 'rotating_grace' && this.clock() - spent.at <= GRACE) return this.replace(reuse);
    this.reuses.push(reuse);
    family.isValid = false;
    return { ok: false, failure: REFUSED };
  }

  /** Within the grace period a spent token returns a new pair and invalidates the pair that it returned before. */
  private replace(reuse: Reuse): Answer {
    const { family } = reuse;
    this.replaced.push(reuse);
    for (const refresh of family.leaves) this.tokens.delete(refresh);
    family.leaves.clear();
    return { ok: true, pair: this.issue(family) };
  }

  private issue(family: Family, rotates = true): Pair {
    this.count += 1;
    const pair = { access: `a${this.count}`, refresh: `r${this.count}` };
    this.access.set(pair.access, { family, ends: this.clock() + LIFE * SECOND });
    if (rotates) {
      this.tokens.set(pair.refresh, { family });
      family.leaves.add(pair.refresh);
    }
    return pair;
  }
}
