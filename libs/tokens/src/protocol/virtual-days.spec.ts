import { describe, expect, it } from '@jest/globals';
import type { Failure } from '#providers';
import { Secret } from '#observability';
import {
  ALONE,
  at,
  canary,
  DAY,
  grantFacts,
  HOUR,
  MINUTE,
  SECOND,
  START,
} from '../../../../test/support/grant-facts.js';
import type { ApiCheck } from './revocation-policy.js';
import type { GrantChange, GrantFacts } from './grant.js';
import { deriveHealth, type HealthState } from './health.js';
import { afterUnlistedRefusal } from './unlisted-refusal.js';
import { afterFailure, afterLostAnswer, afterStrike, afterTokens } from './after-refresh.js';
import { afterDoubtfulAnswer } from './doubtful-answer.js';

type Answer = 'ok' | 'refused' | 'rejected' | 'lost' | 'down' | 'limited';

/** What a platform does at a moment: to a refresh, and to an identity call with a token that has not ended. */
interface Platform {
  refresh: (now: number) => Answer;
  api?: (now: number) => ApiCheck;
  /** When another grant of the app last got an ok; null: never. Undefined: there is no other. */
  canary?: (now: number) => number | null;
  /** When another grant was last refused. */
  refused?: (now: number) => number;
  /** For how long the app's breaker has been closed; undefined: always. */
  closedFor?: (now: number) => number;
}

interface Seen {
  /** Milliseconds from START. */
  now: number;
  answer: Answer;
  health: HealthState;
}

/** The sweep looks every ten seconds: at worst that much later than due. */
const SWEEP = 10 * SECOND;
const DOWN: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'http_500' };
const LIMITED: Failure = { class: 'temporary', reason: 'rate_limited', code: 'http_429' };
const REFUSED: Failure = { class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' };

const REJECTED: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'bad_refresh_token' };

const healthOf = (grant: GrantFacts, now: Date): HealthState =>
  deriveHealth({
    grant,
    account: {
      health: 'active',
      missingScopes: [],
      ownToken: false,
      probeClass: null,
      probeReason: null,
      isSealBroken: false,
    },
    app: null,
    now,
  });

function settled(
  grant: GrantFacts,
  platform: Platform,
  now: number,
  life: number,
): { answer: Answer; change: GrantChange } {
  const answer = platform.refresh(now);
  const moment = { now: at(now), random: Math.random };
  const tokens = {
    accessToken: new Secret('a'),
    refreshToken: new Secret('r'),
    expiresIn: life / SECOND,
    refreshExpiresIn: null,
    scopes: null,
  };
  const changes: Record<Answer, () => GrantChange> = {
    ok: () => afterTokens(grant, tokens, null, moment),
    limited: () => afterFailure(grant, LIMITED, moment),
    down: () => afterDoubtfulAnswer(grant, DOWN, { ...moment, sentInGrace: null }),
    lost: () => afterLostAnswer(grant, moment),
    rejected: () =>
      afterUnlistedRefusal(grant, REJECTED, { ...moment, closedFor: platform.closedFor?.(now) ?? Infinity }),
    refused: () => struck(grant, platform, now),
  };
  return { answer, change: changes[answer]() };
}

function struck(grant: GrantFacts, { api, canary: others, refused }: Platform, now: number): GrantChange {
  const over = grant.accessExpiresAt !== null && grant.accessExpiresAt <= at(now);
  const apiCheck = over ? 'silent' : (api?.(now) ?? 'silent');
  if (!others) return afterStrike(grant, REFUSED, { now: at(now), apiCheck, canary: ALONE });
  const okAt = others(now);
  const seen = { ...canary(okAt === null ? null : at(okAt)), refusedAt: refused ? at(refused(now)) : null };
  return afterStrike(grant, REFUSED, { now: at(now), apiCheck, canary: seen });
}

/** Sweeps a grant with tokens of that life until a moment, and returns every exchange. */
function sweep(platform: Platform, life: number, until: number): Seen[] {
  const seen: Seen[] = [];
  let grant: GrantFacts = { ...grantFacts(), ...settled(grantFacts(), { refresh: () => 'ok' }, 0, life).change };
  while (grant.refreshDueAt !== null) {
    const now = grant.refreshDueAt.getTime() - START.getTime() + Math.random() * SWEEP;
    if (now > until || seen.length > 100_000) break;
    const { answer, change } = settled(grant, platform, now, life);
    grant = { ...grant, ...change };
    seen.push({ now, answer, health: healthOf(grant, at(now)) });
  }
  return seen;
}

const LIFETIMES: [string, number][] = [
  ['two minutes', 2 * MINUTE],
  ['two hours', 2 * HOUR],
  ['a day', DAY],
  ['sixty days', 60 * DAY],
];
const firstOf = (seen: Seen[], health: string): Seen | undefined => seen.find((one) => one.health.health === health);

describe.each(LIFETIMES)('a grant with tokens of %s', (_life, life) => {
  it('is active as long as the platform works, with one refresh for each life', () => {
    const seen = sweep({ refresh: () => 'ok' }, life, 10 * life);
    expect(seen.map(({ health }) => health.health)).toEqual(seen.map(() => 'active'));
    expect(seen.length).toBeGreaterThanOrEqual(9);
    expect(seen.length).toBeLessThanOrEqual(13);
  });

  it('that was revoked, the only one of its app, is needs_reauth after 65 minutes of refusals, and not before', () => {
    const seen = sweep({ refresh: () => 'refused', api: () => 'refuses' }, life, life + 2 * HOUR);
    const [first] = seen;
    const revoked = firstOf(seen, 'needs_reauth');
    expect(first?.health).toEqual({ health: 'degraded', reason: 'refresh_unconfirmed' });
    expect(revoked?.health.reason).toBe('grant_revoked');
    expect(revoked!.now - first!.now).toBeGreaterThanOrEqual(65 * MINUTE);
    expect(revoked!.now - first!.now).toBeLessThanOrEqual(76 * MINUTE);
  });

  it('that was revoked is tried once more after an hour and after a day, and then left alone', () => {
    const seen = sweep({ refresh: () => 'refused', api: () => 'refuses' }, life, life + 30 * DAY);
    const revoked = firstOf(seen, 'needs_reauth')!;
    const later = seen.filter(({ now }) => now > revoked.now).map(({ now }) => now - revoked.now);
    expect(later).toHaveLength(2);
    expect(Math.abs(later[0]! - HOUR)).toBeLessThanOrEqual(SWEEP);
    expect(Math.abs(later[1]! - HOUR - DAY)).toBeLessThanOrEqual(2 * SWEEP);
  });

  it.each([
    ['an hour', 90 * MINUTE],
    ['a day', 3 * HOUR],
  ])('a grant that was ended by mistake is active again within %s', (_when, mistake) => {
    let from = Infinity;
    const refresh = (now: number): Answer => {
      from = Math.min(from, now);
      return now < from + mistake ? 'refused' : 'ok';
    };
    const seen = sweep({ refresh, api: () => 'refuses' }, life, life + 2 * DAY);
    expect(firstOf(seen, 'needs_reauth')).toBeDefined();
    expect(seen.at(-1)).toMatchObject({ answer: 'ok', health: { health: 'active' } });
  });

  it('outlives a platform that fails for 24 hours: never needs_reauth, and refreshed within a quarter of an hour after', () => {
    const begin = 0.7 * life;
    const end = begin + DAY;
    const seen = sweep(
      { refresh: (now) => (now >= begin && now < end ? 'down' : 'ok') },
      life,
      Math.max(end + HOUR, 2 * life),
    );
    expect(firstOf(seen, 'needs_reauth')).toBeUndefined();
    const failed = seen.filter(({ answer }) => answer === 'down');
    expect(failed.map(({ health }) => health)).toEqual(
      failed.map(() => ({ health: 'degraded', reason: 'provider_unavailable' })),
    );
    const back = seen.find(({ now }) => now >= end);
    expect(back?.answer).toBe('ok');
    if (failed.length > 0) expect(back!.now - end).toBeLessThanOrEqual(15 * MINUTE);
  });

  it('that is refused in words nothing lists is needs_reauth after two days of them, once its tokens have ended, and not before', () => {
    const seen = sweep({ refresh: () => 'rejected' }, life, life + 10 * DAY);
    const revoked = firstOf(seen, 'needs_reauth')!;
    const before = seen.filter(({ now }) => now < revoked.now).map(({ health }) => health);
    expect(before).toEqual(before.map(() => ({ health: 'degraded', reason: 'refresh_unconfirmed' })));
    expect(revoked.health.reason).toBe('refresh_rejected');
    expect(revoked.now).toBeGreaterThanOrEqual(Math.max(life, seen[0]!.now + 2 * DAY));
    expect(revoked.now).toBeLessThanOrEqual(Math.max(life, seen[0]!.now + 2 * DAY) + 15 * MINUTE);
    expect(seen.filter(({ now }) => now > revoked.now)).toHaveLength(2);
  });

  it('a grant that is refused in unlisted words is not ended by an outage of three days in between: only the refusals count', () => {
    let from = Infinity;
    const refresh = (now: number): Answer => {
      from = Math.min(from, now);
      return now >= from + HOUR && now < from + HOUR + 3 * DAY ? 'down' : 'rejected';
    };
    const seen = sweep({ refresh }, life, life + 10 * DAY);
    const revoked = firstOf(seen, 'needs_reauth')!;
    expect(revoked.now).toBeGreaterThanOrEqual(Math.max(life, from + 3 * DAY + 2 * DAY - MINUTE));
    expect(revoked.now).toBeLessThanOrEqual(Math.max(life, from + 3 * DAY + 2 * DAY + HOUR) + 15 * MINUTE);
  });

  it('that was ended by refusals nothing lists is active again with the next refresh that is accepted', () => {
    let from = Infinity;
    const refresh = (now: number): Answer => {
      from = Math.min(from, now);
      return now < Math.max(from + 2 * DAY, life) + 30 * MINUTE ? 'rejected' : 'ok';
    };
    const seen = sweep({ refresh }, life, life + 5 * DAY);
    expect(firstOf(seen, 'needs_reauth')).toBeDefined();
    expect(seen.at(-1)).toMatchObject({ answer: 'ok', health: { health: 'active' } });
  });

  it('sends some hundreds of requests a day to a failing platform, not thousands', () => {
    const seen = sweep({ refresh: () => 'down' }, life, life + DAY);
    const inADay = seen.filter(({ now }) => now < seen[0]!.now + DAY);
    expect(inADay.length).toBeGreaterThan(40);
    expect(inADay.length).toBeLessThan(400);
  });

  it.each<Answer>(['lost', 'down'])(
    'whose answer was "%s" after the platform had rotated ends as refresh_outcome_unknown at the second check, not before',
    (first) => {
      const answers: Answer[] = [first, 'refused', 'limited', 'refused'];
      const refresh = (): Answer => answers.shift() ?? 'refused';
      const seen = sweep({ refresh, api: () => 'refuses', canary: (now) => now - SECOND }, life, life + 2 * HOUR);
      const unavailable = { health: 'degraded', reason: 'provider_unavailable' };
      const unknown = { health: 'degraded', reason: 'refresh_outcome_unknown' };
      expect(seen.slice(0, 3).map(({ health }) => health)).toEqual([
        first === 'down' ? unavailable : unknown,
        unknown,
        { health: 'degraded', reason: 'rate_limited' },
      ]);
      const ended = firstOf(seen, 'needs_reauth')!;
      expect(ended.health.reason).toBe('refresh_outcome_unknown');
      // A token of two minutes has expired by then, so that the API check is inconclusive.
      if (life > HOUR) expect(ended.now - seen[1]!.now).toBeLessThanOrEqual(4 * MINUTE);
      expect(seen[1]!.now - seen[0]!.now).toBeLessThanOrEqual(30 * SECOND + SWEEP);
    },
  );

  it('whose loss the access token does not show ends within half an hour where others are refreshed, else with the access token', () => {
    const lost = (canaryAgo: number | null): Seen => {
      const answers: Answer[] = ['lost'];
      const refresh = (): Answer => answers.shift() ?? 'refused';
      const others = canaryAgo === null ? {} : { canary: (now: number) => now - canaryAgo };
      const seen = sweep({ refresh, api: () => 'accepts', ...others }, life, life + DAY);
      expect(seen[1]?.health).toEqual({ health: 'degraded', reason: 'refresh_outcome_unknown' });
      return { ...firstOf(seen, 'needs_reauth')!, now: firstOf(seen, 'needs_reauth')!.now - seen[1]!.now };
    };
    expect(lost(SECOND)).toMatchObject({ health: { reason: 'refresh_outcome_unknown' } });
    expect(lost(SECOND).now).toBeLessThanOrEqual(30 * MINUTE);
    expect(lost(null)).toMatchObject({ health: { reason: 'refresh_outcome_unknown' } });
    expect(lost(null).now).toBeGreaterThanOrEqual(HOUR);
  });

  it('whose request got lost before it arrived is refreshed at once', () => {
    const answers: Answer[] = ['lost', 'ok'];
    const seen = sweep({ refresh: () => answers.shift() ?? 'ok' }, life, life);
    expect(seen.slice(0, 2).map(({ health }) => health.health)).toEqual(['degraded', 'active']);
  });

  it('a grant that is refused while the API still accepts its tokens ends only after they have expired', () => {
    const seen = sweep(
      { refresh: () => 'refused', api: () => 'accepts', canary: (now) => now - MINUTE },
      life,
      life + DAY,
    );
    const revoked = firstOf(seen, 'needs_reauth')!;
    expect(revoked.now).toBeGreaterThanOrEqual(life);
    expect(revoked.now - life).toBeLessThanOrEqual(15 * MINUTE + SWEEP);
  });

  it('a grant that is refused while the API does not answer is not ended before its tokens expire, and is tried every ten minutes at most', () => {
    const seen = sweep({ refresh: () => 'refused' }, life, life + DAY);
    const revoked = firstOf(seen, 'needs_reauth')!;
    expect(revoked.now).toBeGreaterThanOrEqual(Math.min(life, seen[0]!.now + HOUR));
    expect(revoked.now).toBeGreaterThanOrEqual(life);
    expect(revoked.now - Math.max(life, seen[0]!.now)).toBeLessThanOrEqual(HOUR + 15 * MINUTE + SWEEP);
    expect(seen.length).toBeLessThan(8 + (0.24 * life) / (10 * MINUTE) + 8);
  });

  it('a grant survives a platform that refuses every request for a whole day, its API too, where another account shows it', () => {
    let end = Infinity;
    const refresh = (now: number): Answer => {
      end = Math.min(end, now + DAY);
      return now < end ? 'refused' : 'ok';
    };
    const seen = sweep(
      { refresh, api: () => 'refuses', canary: () => null, refused: (now) => now - MINUTE },
      life,
      life + 2 * DAY,
    );
    expect(firstOf(seen, 'needs_reauth')).toBeUndefined();
    expect(seen.find(({ now }) => now >= end)).toMatchObject({ answer: 'ok', health: { health: 'active' } });
  });

  it('that was revoked beside others is needs_reauth within two minutes, as soon as the platform was seen to take one of them', () => {
    const seen = sweep(
      { refresh: () => 'refused', api: () => 'refuses', canary: (now) => now - SECOND },
      life,
      life + HOUR,
    );
    expect(firstOf(seen, 'needs_reauth')!.now - seen[0]!.now).toBeLessThanOrEqual(2 * MINUTE);
  });

  it.each([1, 10, 60])(
    'the only grant of an app survives a platform that refuses every request for %i minutes, its API too',
    (minutes) => {
      let end = Infinity;
      const refresh = (now: number): Answer => {
        end = Math.min(end, now + minutes * MINUTE);
        return now < end ? 'refused' : 'ok';
      };
      const seen = sweep({ refresh, api: () => 'refuses' }, life, life + 3 * HOUR);
      expect(firstOf(seen, 'needs_reauth')).toBeUndefined();
      expect(seen.find(({ now }) => now >= end)).toMatchObject({ answer: 'ok', health: { health: 'active' } });
    },
  );

  it('a grant survives a platform that refuses every request for a moment', () => {
    let refusals = 1;
    const seen = sweep({ refresh: () => (refusals-- > 0 ? 'refused' : 'ok'), api: () => 'refuses' }, life, life + HOUR);
    expect(firstOf(seen, 'needs_reauth')).toBeUndefined();
    expect(seen[1]).toMatchObject({ answer: 'ok', health: { health: 'active' } });
  });
});
