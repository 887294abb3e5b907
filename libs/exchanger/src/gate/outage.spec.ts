import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { at, DAY, grantFacts, HOUR, MINUTE, SECOND, START } from '../../../../test/support/grant-facts.js';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { afterFailure, afterTokens, type GrantFacts } from '#tokens/protocol';
import { refreshDue } from '#tokens/testing';
import { ExchangeGate } from './exchange-gate.js';

const ACCOUNTS = 1_000;
const LIFE = 2 * HOUR;
const SWEEP = 10 * SECOND;
const PER_SWEEP = 500;

/** How long a request takes while the platform is down: refused at the door, or hanging until the request times out. */
type Outage = { from: number; to: number; takes: number };

/** A seeded stream, so that a run can be had again. */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const expiryOf = ({ accessExpiresAt }: GrantFacts): number => accessExpiresAt?.getTime() ?? 0;

/** Few of many are found without sorting them all: a sweep of an outage takes five of a thousand. */
function firstToExpire(grants: GrantFacts[], count: number): GrantFacts[] {
  const first: GrantFacts[] = [];
  for (const grant of grants) {
    if (first.length === count && expiryOf(grant) >= expiryOf(first.at(-1)!)) continue;
    if (first.length === count) first.pop();
    const place = first.findLastIndex((other) => expiryOf(other) <= expiryOf(grant)) + 1;
    first.splice(place, 0, grant);
  }
  return first;
}

/** A thousand accounts of one app, swept and refreshed through the gate as the worker and the exchanger do it. */
class World {
  readonly clock = new FakeClock();
  readonly gate = new ExchangeGate({ perSecond: 50, inFlight: 256, waiting: 12_000 }, this.clock);
  readonly grants: GrantFacts[];
  readonly busy = new Set<GrantFacts>();
  sentInOutage = 0;

  constructor(
    private readonly outage: Outage,
    private readonly random: () => number,
  ) {
    this.grants = Array.from({ length: ACCOUNTS }, () => {
      const issuedAt = at(-LIFE * random());
      const accessExpiresAt = new Date(issuedAt.getTime() + LIFE);
      return grantFacts({
        issuedAt,
        accessExpiresAt,
        refreshDueAt: refreshDue('rotating_strict', issuedAt, accessExpiresAt, random),
      });
    }).map((grant, n) => ({ ...grant, id: `grant-${n}` }));
  }

  get now(): Date {
    return at(this.clock.now());
  }

  due(): GrantFacts[] {
    const now = this.now.getTime();
    return this.grants.filter(({ refreshDueAt }) => refreshDueAt !== null && refreshDueAt.getTime() <= now);
  }

  async runUntil(end: number): Promise<void> {
    while (this.clock.now() < end) {
      this.sweep();
      await this.clock.pass(SWEEP);
    }
  }

  /** As DueGrants does: none before the probe of an open breaker, a few while it is not closed. */
  private sweep(): void {
    const breaker = this.gate.breakerOf('app');
    if (breaker.state === 'open' && breaker.probeAt > this.clock.now()) return;
    for (const grant of firstToExpire(this.due(), breaker.state === 'closed' ? PER_SWEEP : 5)) void this.refresh(grant);
  }

  private async refresh(grant: GrantFacts): Promise<void> {
    if (this.busy.has(grant)) return;
    this.busy.add(grant);
    const { id: grantId, accessExpiresAt } = grant;
    const pass = await this.gate.enter({
      grantId,
      appId: 'app',
      workspaceId: 'w',
      platform: 'p',
      urgency: 'due',
      accessExpiresAt,
    });
    if (pass.kind === 'admitted') pass.release((await this.exchange(grant)) ? 'ok' : 'temporary');
    this.busy.delete(grant);
  }

  private async exchange(grant: GrantFacts): Promise<boolean> {
    const { from, to, takes } = this.outage;
    const sent = this.clock.now();
    const down = sent >= from && sent < to;
    if (down) this.sentInOutage += 1;
    await new Promise<void>((resolve) => {
      this.clock.at(sent + (down ? takes : 300), resolve);
    });
    const moment = { now: this.now, random: this.random };
    const tokens = {
      accessToken: new Secret('a'),
      refreshToken: new Secret('r'),
      expiresIn: LIFE / SECOND,
      refreshExpiresIn: null,
      scopes: null,
    };
    Object.assign(
      grant,
      down
        ? afterFailure(grant, { class: 'temporary', reason: 'provider_unavailable', code: 'http_500' }, moment)
        : afterTokens(grant, tokens, null, moment),
    );
    return !down;
  }
}

describe('an outage', () => {
  it.each([
    ['20 minutes, refusing', 20 * MINUTE, SECOND],
    ['90 minutes, hanging', 90 * MINUTE, 120 * SECOND],
    ['5 hours, refusing', 5 * HOUR, SECOND],
    ['a day, hanging', DAY, 120 * SECOND],
    ['a day, refusing', DAY, SECOND],
  ])(
    'after an outage of %s all waiting grants are refreshed within a quarter of an hour',
    async (_what, length, takes) => {
      for (const seed of length > 2 * HOUR ? [1] : [1, 2, 3]) {
        const from = 10 * MINUTE;
        const end = from + length + seed * 97 * SECOND;
        const world = new World({ from, to: end, takes }, stream(seed));
        await world.runUntil(end);
        const waited = world.grants.filter(
          ({ refreshDueAt, lastClass }) => lastClass !== null || refreshDueAt! <= world.now,
        );
        expect(waited.length).toBeGreaterThan(100);
        await world.runUntil(end + 15 * MINUTE);
        expect(waited.filter(({ issuedAt }) => issuedAt < at(end))).toEqual([]);
        // The ten or more that opened the breaker, what was under way then, and a probe now and then.
        expect(world.sentInOutage).toBeLessThan(150 + (3 * length) / (5 * MINUTE));
      }
    },
  );
});

describe('ten thousand tokens that end in the same minute', () => {
  it('spreads due grants over many minutes, none of which gets more than its share', () => {
    const random = stream(7);
    const perMinute = new Map<number, number>();
    for (let n = 0; n < 10_000; n += 1) {
      const minute = Math.floor(
        (refreshDue('rotating_strict', START, at(LIFE), random)!.getTime() - START.getTime()) / MINUTE,
      );
      perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
    }
    expect(perMinute.size).toBeGreaterThanOrEqual(9);
    expect(Math.max(...perMinute.values())).toBeLessThan((1.2 * 10_000) / 9.6);
  });

  it('sends grants that are due at once at the rate of the app, the first to expire first', async () => {
    const clock = new FakeClock();
    const gate = new ExchangeGate({ perSecond: 50, inFlight: 256, waiting: 12_000 }, clock);
    const sent: number[] = [];
    const ends: number[] = [];
    for (let n = 0; n < 10_000; n += 1) {
      const accessExpiresAt = at((n * 7_919) % 60_000);
      void gate
        .enter({ grantId: `${n}`, appId: 'app', workspaceId: 'w', platform: 'p', urgency: 'due', accessExpiresAt })
        .then((pass) => {
          sent.push(clock.now());
          ends.push(accessExpiresAt.getTime());
          if (pass.kind === 'admitted')
            clock.at(clock.now() + 300, () => {
              pass.release('ok');
            });
        });
    }
    await clock.pass(60 * SECOND);
    expect(sent.length).toBeGreaterThan(50 * 60 * 0.98);
    expect(sent.length).toBeLessThanOrEqual(50 * 60 + 50);
    const afterBurst = ends.slice(64);
    expect(afterBurst).toEqual([...afterBurst].sort((a, b) => a - b));
  });
});
