import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Failure, TokenSet } from '#providers';
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
import type { GrantFacts } from './grant.js';
import { deriveHealth, type HealthState } from './health.js';
import { afterFailure, afterLostAnswer, afterStrike, afterTokens } from './after-refresh.js';
import { afterDoubtfulAnswer } from './doubtful-answer.js';

/** What one exchange came to, and how long after the one before. */
type Step = { pause: number; draw: number } & (
  | { kind: 'ok'; expiresIn: number | null; refreshExpiresIn: number | null }
  | { kind: 'failure'; failure: Failure }
  | { kind: 'lost' }
  | { kind: 'doubtful'; sentInGrace: number | null }
  | { kind: 'strike'; apiCheck: ApiCheck; canary: number | null }
);

interface Moment {
  grant: GrantFacts;
  now: Date;
}

const tokens = (life: Pick<TokenSet, 'expiresIn' | 'refreshExpiresIn'>): TokenSet => ({
  accessToken: new Secret('a'),
  refreshToken: new Secret('r'),
  scopes: null,
  ...life,
});
const gateway: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'http_502' };
const refusal: Failure = { class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' };

/** An API that accepts an ended token was never seen: then the check is inconclusive. */
const apiCheckOf = ({ accessExpiresAt }: GrantFacts, now: Date, apiCheck: ApiCheck): ApiCheck =>
  accessExpiresAt !== null && accessExpiresAt <= now ? 'silent' : apiCheck;

function change(grant: GrantFacts, step: Step, now: Date): Partial<GrantFacts> {
  const moment = { now, random: (): number => step.draw };
  switch (step.kind) {
    case 'ok':
      return afterTokens(grant, tokens(step), 7_200, moment);
    case 'failure':
      return afterFailure(grant, step.failure, moment);
    case 'lost':
      return afterLostAnswer(grant, moment);
    case 'doubtful': {
      const sentInGrace = grant.mode === 'rotating_grace' ? step.sentInGrace : null;
      return afterDoubtfulAnswer(grant, gateway, { ...moment, sentInGrace });
    }
    case 'strike': {
      const others = step.canary === null ? ALONE : canary(new Date(now.getTime() - step.canary));
      return afterStrike(grant, refusal, { now, apiCheck: apiCheckOf(grant, now, step.apiCheck), canary: others });
    }
  }
}

const next = ({ grant, now }: Moment, step: Step): Moment => {
  const later = new Date(now.getTime() + step.pause);
  return { grant: { ...grant, ...change(grant, step, later) }, now: later };
};
const live = (first: GrantFacts, steps: readonly Step[]): Moment => steps.reduce(next, { grant: first, now: START });
const healthOf = ({ grant, now }: Moment): HealthState =>
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

const common = {
  pause: fc.oneof(fc.integer({ min: 0, max: 2 * MINUTE }), fc.integer({ min: 0, max: 3 * DAY })),
  draw: fc.double({ min: 0, max: 1 - Number.EPSILON, noNaN: true }),
};
const seconds = fc.option(fc.integer({ min: 0, max: 100 * 86_400 }));
const stepOf = {
  ok: fc.record({ ...common, kind: fc.constant('ok' as const), expiresIn: seconds, refreshExpiresIn: seconds }),
  failure: fc.record({
    ...common,
    kind: fc.constant('failure' as const),
    failure: fc.record({
      class: fc.constantFrom('temporary', 'temporary', 'app', 'owner', 'permission'),
      reason: fc.constant('provider_unavailable'),
      code: fc.constant('http_500'),
    }),
  }),
  lost: fc.record({ ...common, kind: fc.constant('lost' as const) }),
  doubtful: fc.record({
    ...common,
    kind: fc.constant('doubtful' as const),
    sentInGrace: fc.option(fc.integer({ min: 1, max: 5 })),
  }),
  strike: fc.record({
    ...common,
    kind: fc.constant('strike' as const),
    apiCheck: fc.constantFrom<ApiCheck>('accepts', 'refuses', 'silent'),
    canary: fc.option(fc.integer({ min: 0, max: 2 * HOUR })),
  }),
};
const temporary: fc.Arbitrary<Step> = fc.oneof(
  stepOf.lost,
  stepOf.doubtful,
  stepOf.failure.map((step): Step => ({ ...step, failure: { ...step.failure, class: 'temporary' } })),
);
const anything: fc.Arbitrary<Step> = fc.oneof(stepOf.ok, stepOf.failure, stepOf.lost, stepOf.doubtful, stepOf.strike);
const histories = fc.array(anything, { maxLength: 30 });
const grants = fc
  .record({
    mode: fc.constantFrom<GrantFacts['mode']>('rotating_strict', 'rotating_grace', 'static', 'extend_self'),
    accessExpiresAt: fc.constantFrom(null, at(2 * MINUTE), at(2 * HOUR), at(60 * DAY)),
    refreshExpiresAt: fc.constantFrom(null, at(DAY), at(180 * DAY)),
  })
  .map((facts) => grantFacts(facts));

/** A grant that can still be renewed, or whose token is valid: time alone does not end it. */
const hasTimeLeft = ({ grant, now }: Moment): boolean =>
  grant.accessExpiresAt === null ||
  grant.accessExpiresAt > now ||
  (grant.mode !== 'extend_self' && (grant.refreshExpiresAt === null || grant.refreshExpiresAt > now));

const many = { numRuns: 400 };

describe('whatever a grant has been through', () => {
  it('one refusal never decides, whatever became of the answer before it', () => {
    fc.assert(
      fc.property(grants, histories, stepOf.strike, (grant, history, strike) => {
        const before = live(grant, history);
        fc.pre(before.grant.strikeCount === 0 && before.grant.endedReason === null);
        expect(next(before, strike).grant).toMatchObject({ endedReason: null, refreshState: 'confirm' });
      }),
      many,
    );
  });

  it('two refusals within 50 seconds decide nothing either', () => {
    const soon = fc.record({ pause: fc.integer({ min: 0, max: 50 * SECOND - 1 }), strike: stepOf.strike });
    fc.assert(
      fc.property(
        grants,
        histories,
        stepOf.strike,
        fc.array(soon, { minLength: 1, maxLength: 9 }),
        (grant, history, first, more) => {
          const before = live(grant, history);
          fc.pre(before.grant.strikeCount === 0 && before.grant.endedReason === null);
          const struck = next(before, first);
          const within = more.map(({ pause, strike }) => ({ ...strike, pause: Math.floor(pause / more.length) }));
          expect(within.reduce<Moment>(next, struck).grant).toMatchObject({ endedReason: null, strikeCount: 1 });
        },
      ),
      many,
    );
  });

  it('a temporary failure or a lost answer never leads to needs_reauth', () => {
    fc.assert(
      fc.property(
        grants,
        histories,
        fc.array(temporary, { minLength: 1, maxLength: 30 }),
        (grant, history, failures) => {
          const before = live(grant, history);
          fc.pre(before.grant.endedReason === null);
          const after = failures.reduce(next, before);
          expect(after.grant.endedReason).toBeNull();
          fc.pre(hasTimeLeft(after));
          expect(healthOf(after).health).toBe('degraded');
        },
      ),
      many,
    );
  });

  it('an ok leads back to active', () => {
    fc.assert(
      fc.property(grants, histories, stepOf.ok, (grant, history, ok) => {
        expect(healthOf(next(live(grant, history), ok))).toEqual({ health: 'active', reason: null });
      }),
      many,
    );
  });

  it('it is due again, unless it is over or its token has no end', () => {
    fc.assert(
      fc.property(grants, fc.array(anything, { minLength: 1, maxLength: 30 }), (first, history) => {
        const { grant, now } = live(first, history);
        const resting =
          grant.refreshState === 'ended' || (grant.refreshState === 'idle' && grant.accessExpiresAt === null);
        if (resting) expect(grant.refreshDueAt).toBeNull();
        else expect(grant.refreshDueAt?.getTime()).toBeGreaterThanOrEqual(now.getTime());
      }),
      many,
    );
  });

  it('a failure is followed by another try within the hour, or within a day once the grant is revoked', () => {
    const failing = fc.oneof(stepOf.failure, stepOf.lost, stepOf.doubtful, stepOf.strike);
    fc.assert(
      fc.property(grants, histories, failing, (first, history, failure) => {
        const { grant, now } = next(live(first, history), failure);
        fc.pre(grant.refreshState !== 'ended');
        const wait = (grant.refreshDueAt?.getTime() ?? Infinity) - now.getTime();
        expect(wait).toBeLessThanOrEqual(grant.endedReason === null ? HOUR : DAY);
      }),
      many,
    );
  });

  it('a grant ends for good only after its last tries were refused', () => {
    fc.assert(
      fc.property(grants, histories, (first, history) => {
        const states = history.map((_, index) => live(first, history.slice(0, index + 1)).grant);
        for (const grant of states) {
          if (grant.refreshState === 'ended') expect(grant.endedReason).not.toBeNull();
          if (grant.endedReason !== null)
            expect(['confirm', 'backoff', 'unknown', 'ended']).toContain(grant.refreshState);
        }
      }),
      many,
    );
  });

  it('a revoked grant stays revoked until a success', () => {
    fc.assert(
      fc.property(grants, histories, fc.oneof(stepOf.failure, stepOf.lost, stepOf.strike), (first, history, step) => {
        const before = live(first, history);
        fc.pre(before.grant.endedReason !== null);
        expect(healthOf(next(before, step))).toEqual({ health: 'needs_reauth', reason: before.grant.endedReason });
      }),
      many,
    );
  });
});
