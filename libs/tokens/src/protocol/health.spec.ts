import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Health, ProbeClass } from '#persistence/sql';
import { at, DAY, grantFacts, HOUR, MINUTE, START } from '../../../../test/support/grant-facts.js';
import type { GrantChange, GrantFacts } from './grant.js';
import { type AppFailure, deriveHealth, type HealthState } from './health.js';

interface Case {
  grant?: GrantChange;
  missing?: string[];
  was?: Health;
  app?: AppFailure;
  own?: boolean;
  probe?: [ProbeClass, string];
  broken?: boolean;
}
function healthOf({
  grant = {},
  missing = [],
  was = 'active',
  app = null,
  own = false,
  probe,
  broken = false,
}: Case): HealthState {
  const [probeClass, probeReason] = probe ?? [null, null];
  const account = { health: was, missingScopes: missing, ownToken: own, probeClass, probeReason, isSealBroken: broken };
  return deriveHealth({ grant: grantFacts(grant), account, app, now: START });
}

const over: GrantChange = { accessExpiresAt: at(-MINUTE) };
const waiting = (refreshState: GrantFacts['refreshState'], lastClass: string, lastReason: string): GrantChange => ({
  refreshState,
  lastClass,
  lastReason,
});
const down = waiting('backoff', 'temporary', 'provider_unavailable');
const struck = waiting('confirm', 'permanent', 'refresh_unconfirmed');
const lost = { ...waiting('unknown', 'temporary', 'refresh_outcome_unknown'), unknownSince: START };
const refusedApp = waiting('backoff', 'app', 'app_misconfigured');
const revoked = { ...struck, endedReason: 'grant_revoked' };
const unrenewable: GrantChange = { mode: 'none' };

describe('the health of an account', () => {
  it.each<[string, Case, Health, string | null]>([
    ['a good token and nothing against it', {}, 'active', null],
    ['a token without an end', { grant: { accessExpiresAt: null } }, 'active', null],
    ['a token that ended a moment ago and will be renewed', { grant: over }, 'active', null],
    ['an exchange under way', { grant: { refreshState: 'in_flight' } }, 'active', null],
    ['an app that is paused, while the token is good', { app: 'app_paused' }, 'active', null],
    [
      'an app that was refused, while the token is good',
      { grant: refusedApp, app: 'app_misconfigured' },
      'active',
      null,
    ],
    [
      'a token of sixty days that nothing renews, three weeks before its end',
      { grant: { ...unrenewable, accessExpiresAt: at(21 * DAY) } },
      'active',
      null,
    ],
    ['a reconnect that is due in a month', { grant: { reauthDueAt: at(30 * DAY) } }, 'active', null],
    [
      'a refresh token that ends tomorrow, which the next refresh renews',
      { grant: { refreshExpiresAt: at(DAY) } },
      'active',
      null,
    ],

    [
      'a token of its own, whatever its grant goes through',
      { own: true, grant: { ...revoked, ...over } },
      'active',
      null,
    ],
    [
      'a token of its own, with a grant that nothing renews',
      { own: true, grant: { ...unrenewable, accessExpiresAt: at(DAY) } },
      'active',
      null,
    ],
    [
      'a token that extends itself, a day before its end',
      { grant: { mode: 'extend_self', accessExpiresAt: at(DAY) } },
      'active',
      null,
    ],

    ['a platform that fails', { grant: down }, 'degraded', 'provider_unavailable'],
    [
      'a platform that throttles',
      { grant: waiting('backoff', 'temporary', 'rate_limited') },
      'degraded',
      'rate_limited',
    ],
    [
      'a platform that fails for longer than the token is valid',
      { grant: { ...down, ...over } },
      'degraded',
      'provider_unavailable',
    ],
    ['a seal that does not open, while the token is good', { broken: true }, 'degraded', 'seal_broken'],
    ['the same after the token has ended', { broken: true, grant: over, app: 'app_paused' }, 'degraded', 'seal_broken'],
    ['the same with a token of its own', { broken: true, own: true }, 'degraded', 'seal_broken'],
    [
      'the same with a permission that a probe found missing before',
      { broken: true, probe: ['permission', 'role_lost'] },
      'degraded',
      'seal_broken',
    ],
    ['a strike', { grant: struck }, 'degraded', 'refresh_unconfirmed'],
    [
      'a strike that is being confirmed',
      { grant: { ...struck, refreshState: 'claimed' } },
      'degraded',
      'refresh_unconfirmed',
    ],
    ['a lost answer', { grant: lost }, 'degraded', 'refresh_outcome_unknown'],
    ['a paused app, once the token has ended', { grant: over, app: 'app_paused' }, 'degraded', 'app_paused'],
    [
      'a refused app, once the token has ended',
      { grant: { ...refusedApp, ...over }, app: 'app_misconfigured' },
      'degraded',
      'app_misconfigured',
    ],

    ['a probe that was refused once', { probe: ['suspected', 'grant_revoked'] }, 'degraded', 'refresh_unconfirmed'],
    [
      'the same with a token of its own',
      { own: true, probe: ['suspected', 'role_lost'] },
      'degraded',
      'refresh_unconfirmed',
    ],

    [
      'a token that nothing renews, a week before its end',
      { grant: { ...unrenewable, accessExpiresAt: at(7 * DAY) } },
      'expiring',
      'token_unrefreshable',
    ],
    [
      'the same with its app gone',
      { grant: { oauthAppId: null, accessExpiresAt: at(7 * DAY) } },
      'expiring',
      'token_unrefreshable',
    ],
    ['a refresh token that has ended', { grant: { refreshExpiresAt: at(-DAY) } }, 'expiring', 'token_unrefreshable'],
    ['a reconnect that is due in a week', { grant: { reauthDueAt: at(7 * DAY) } }, 'expiring', 'token_unrefreshable'],

    ['a scope that was not granted', { missing: ['publish'] }, 'missing_permissions', 'scope_missing'],
    [
      'a permission that was taken away',
      { grant: waiting('backoff', 'permission', 'scope_missing') },
      'missing_permissions',
      'scope_missing',
    ],
    [
      'a role that a probe found lost',
      { own: true, probe: ['permission', 'role_lost'] },
      'missing_permissions',
      'role_lost',
    ],
    ['an owner that a probe found suspended', { probe: ['owner', 'suspended'] }, 'restricted', 'suspended'],
    ['a suspended owner', { grant: waiting('backoff', 'owner', 'suspended') }, 'restricted', 'suspended'],
    [
      'an owner who must pass a checkpoint',
      { grant: waiting('backoff', 'owner', 'checkpoint') },
      'restricted',
      'checkpoint',
    ],

    ['a revoked grant whose seal does not open', { broken: true, grant: revoked }, 'needs_reauth', 'grant_revoked'],
    ['a revoked grant', { grant: revoked }, 'needs_reauth', 'grant_revoked'],
    [
      'a revoked grant that is tried once more',
      { grant: { ...revoked, refreshState: 'in_flight' } },
      'needs_reauth',
      'grant_revoked',
    ],
    [
      'a revoked grant whose last try met a failing platform',
      { grant: { ...down, endedReason: 'grant_revoked' } },
      'needs_reauth',
      'grant_revoked',
    ],
    [
      'a revoked grant without further tries',
      { grant: { ...revoked, refreshState: 'ended', refreshDueAt: null } },
      'needs_reauth',
      'grant_revoked',
    ],
    [
      'a token that ended and that nothing renews',
      { grant: { ...unrenewable, ...over } },
      'needs_reauth',
      'token_unrefreshable',
    ],
    [
      'the same because its app is gone',
      { grant: { ...over, oauthAppId: null } },
      'needs_reauth',
      'token_unrefreshable',
    ],
    [
      'a refresh token and an access token that have both ended',
      { grant: { ...over, refreshExpiresAt: at(-DAY) } },
      'needs_reauth',
      'grant_expired',
    ],
    [
      'a token that extends itself and ended before',
      { grant: { ...over, mode: 'extend_self' } },
      'needs_reauth',
      'grant_expired',
    ],
    [
      'a probe that was refused for good',
      { own: true, probe: ['permanent', 'grant_revoked'] },
      'needs_reauth',
      'grant_revoked',
    ],
    ['a disconnect', { was: 'disconnected' }, 'disconnected', null],
  ])('derives the health with %s', (_facts, facts, health, reason) => {
    expect(healthOf(facts)).toEqual({ health, reason });
  });

  it.each<[Case, Health]>([
    [{ was: 'disconnected', grant: revoked, missing: ['publish'] }, 'disconnected'],
    [{ grant: { ...revoked, ...over, lastClass: 'owner' }, missing: ['publish'], app: 'app_paused' }, 'needs_reauth'],
    [{ grant: waiting('backoff', 'owner', 'suspended'), missing: ['publish'] }, 'restricted'],
    [{ grant: down, missing: ['publish'] }, 'missing_permissions'],
    [{ grant: { ...down, reauthDueAt: at(HOUR) } }, 'degraded'],
  ])('is the worst of what applies: %#', (facts, health) => {
    expect(healthOf(facts).health).toBe(health);
  });

  it('does not depend on the previous health, unless the account was disconnected', () => {
    const before = fc.constantFrom<Health>(
      'active',
      'degraded',
      'expiring',
      'missing_permissions',
      'restricted',
      'needs_reauth',
    );
    fc.assert(
      fc.property(before, fc.constantFrom({}, down, struck, revoked, over), (was, grant) => {
        expect(healthOf({ was, grant })).toEqual(healthOf({ grant }));
      }),
    );
  });
});
