import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GateUnderTest } from '../../../../test/support/gate-under-test.js';
import { at, MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import type { RequestResult } from './gate.js';

const times = async (count: number, work: (n: number) => Promise<unknown>): Promise<void> => {
  for (let n = 0; n < count; n += 1) await work(n);
};

/** A gate whose app failed for ten grants in a row. */
async function opened(passage: RequestResult = 'temporary'): Promise<GateUnderTest> {
  const there = new GateUnderTest();
  await times(10, () => there.requestAndComplete(passage));
  return there;
}

describe('a waiting request', () => {
  it('admits in order: unknown outcomes, requests with a waiting caller, then the token that expires first', async () => {
    const there = new GateUnderTest({ inFlight: 1 });
    const first = await there.request();
    const late = await there.request({ accessExpiresAt: at(2 * MINUTE) });
    const soon = await there.request({ accessExpiresAt: at(MINUTE) });
    const endless = await there.request();
    const forced = await there.request({ urgency: 'forced', accessExpiresAt: at(9 * MINUTE) });
    const forcedLater = await there.request({ urgency: 'forced', accessExpiresAt: at(MINUTE), appId: 'other' });
    const unknown = await there.request({ urgency: 'unknown' });
    const order = [first, unknown, forced, forcedLater, soon, late, endless];
    for (const one of order) await there.release(one, 'ok');
    expect(there.admitted).toEqual(order);
  });

  it('a due request moves among those with a waiting caller as soon as one waits', async () => {
    const there = new GateUnderTest({ inFlight: 1 });
    const first = await there.request();
    const soon = await there.request({ accessExpiresAt: at(MINUTE) });
    const lifted = await there.request({ accessExpiresAt: at(9 * MINUTE) });
    const other = await there.request({ appId: 'other', accessExpiresAt: at(2 * MINUTE) });
    there.gate.lift(lifted);
    there.gate.lift('a grant that does not wait');
    const order = [first, lifted, soon, other];
    for (const one of order) await there.release(one, 'ok');
    expect(there.admitted).toEqual(order);
    expect(there.gate.waiting).toBe(0);
  });

  it('a due request is admitted at once by the permits kept for requests with a waiting caller', async () => {
    const there = new GateUnderTest({ perSecond: 2 });
    await there.request({ urgency: 'forced' });
    await times(200, () => there.request());
    const last = await there.request();
    expect(there.admitted).not.toContain(last);
    await there.request({ urgency: 'forced' });
    there.gate.lift(last);
    await there.clock.pass(SECOND);
    expect(there.admitted).toContain(last);
  });

  it('has never more than a quarter of the places in one workspace, nor more than there are', async () => {
    const step = fc.record({
      workspaceId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      leaves: fc.boolean(),
      urgency: fc.constantFrom('unknown', 'forced', 'due'),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.array(step, { maxLength: 60 }), async (inFlight, steps) => {
        const there = new GateUnderTest({ inFlight });
        const inside = new Map<string, string>();
        const came = new Map<string, string>();
        for (const { workspaceId, leaves, urgency } of steps) {
          const platform = workspaceId < 'd' ? 'x' : 'y';
          came.set(await there.request({ workspaceId, appId: workspaceId, platform, urgency }), workspaceId);
          const [oldest] = inside.keys();
          if (leaves && oldest !== undefined) {
            inside.delete(oldest);
            await there.release(oldest, 'ok');
          }
          for (const id of there.admitted.splice(0)) inside.set(id, came.get(id)!);
          const ofOne = ['a', 'b', 'c', 'd', 'e'].map(
            (id) => [...inside.values()].filter((other) => other === id).length,
          );
          expect(Math.max(...ofOne)).toBeLessThanOrEqual(Math.max(1, Math.floor(inFlight / 4)));
          expect(inside.size).toBeLessThanOrEqual(inFlight);
          expect(there.gate.inFlight).toBe(inside.size);
        }
      }),
    );
  });

  it('leaves a quarter of the places to the other platforms, although one hangs with requests of many workspaces', async () => {
    const there = new GateUnderTest({ inFlight: 8 });
    const to = (workspaceId: string, platform: string): Promise<string> =>
      there.request({ workspaceId, appId: workspaceId, platform, urgency: 'unknown' });
    for (const workspaceId of ['a', 'b', 'c', 'd', 'e', 'f']) await times(2, () => to(workspaceId, 'hanging'));
    expect(there.gate.inFlight).toBe(6);
    const other = await there.request({ workspaceId: 'g', appId: 'g', platform: 'other' });
    expect(there.admitted).toContain(other);
    await there.release(there.admitted[0]!, 'lost');
    expect(there.gate.inFlight).toBe(7);
  });

  it('a request of a full workspace delays no other', async () => {
    const there = new GateUnderTest({ inFlight: 8 });
    await times(5, () => there.request());
    const other = await there.request({ workspaceId: 'another', appId: 'another' });
    expect(there.admitted).toHaveLength(3);
    expect(there.admitted).toContain(other);
  });

  it('is let through by time alone when permits come back', async () => {
    const there = new GateUnderTest({ perSecond: 2 });
    await times(10, () => there.request());
    expect(there.admitted).toHaveLength(2);
    await there.clock.pass(4 * SECOND);
    expect(there.admitted).toHaveLength(10);
  });

  it('is sent away where too many wait already, but never an unknown outcome', async () => {
    const there = new GateUnderTest({ inFlight: 1, waiting: 3 });
    await times(4, () => there.request());
    const [forced, due] = [await there.request({ urgency: 'forced' }), await there.request()];
    const unknown = await there.request({ urgency: 'unknown' });
    expect([forced, due, unknown].map((id) => there.rejectionOf(id)?.why)).toEqual(['full', 'full', undefined]);
    expect(there.gate.waiting).toBe(4);
  });

  it('is rejected when the process drains, as is a later one; nothing was sent for them', async () => {
    const there = new GateUnderTest({ inFlight: 1 });
    const inside = await there.request();
    const waiting = await there.request();
    there.gate.drain();
    const later = await there.request({ urgency: 'unknown' });
    await there.release(inside, 'ok');
    expect([waiting, later].map((id) => there.rejectionOf(id)?.why)).toEqual(['draining', 'draining']);
    expect(there.admitted).toEqual([inside]);
    expect([there.gate.inFlight, there.gate.waiting]).toEqual([0, 0]);
  });

  it('gives its place back once, however often it is released', async () => {
    const there = new GateUnderTest({ inFlight: 4 });
    const first = await there.request();
    await there.request({ workspaceId: 'b', appId: 'b' });
    await there.release(first, 'ok');
    await there.release(first, 'ok');
    expect(there.gate.inFlight).toBe(1);
  });
});

describe('a breaker', () => {
  it.each(['temporary', 'lost', 'permanent'] as const)(
    'opens when ten grants of an app met %s, for this app alone',
    async (passage) => {
      const there = await opened(passage);
      expect(there.gate.isBreakerClosed('app')).toBe(false);
      expect(there.gate.isBreakerClosed('other')).toBe(true);
      expect(there.rejectionOf(await there.request({ urgency: 'forced' }))).toEqual({
        kind: 'rejected',
        why: 'breaker',
        retryAfter: 30,
      });
      await there.requestAndComplete('ok', { appId: 'other' });
      expect(there.admitted).toHaveLength(11);
    },
  );

  it("does not open for one grant that fails again and again, nor for refusals that were expected, nor for what is the app's own", async () => {
    const there = new GateUnderTest();
    await times(50, () => there.requestAndComplete('temporary', { grantId: 'always this one' }));
    await times(50, () => there.requestAndComplete('permanent', {}, false));
    for (const passage of ['spent', 'rejected', 'app', 'unsent'] as const)
      await times(50, () => there.requestAndComplete(passage));
    expect(there.gate.isBreakerClosed('app')).toBe(true);
  });

  it('ignores results that are older than five minutes', async () => {
    const there = new GateUnderTest();
    await times(9, () => there.requestAndComplete('lost'));
    await there.clock.pass(5 * MINUTE);
    await there.requestAndComplete('lost');
    expect(there.gate.isBreakerClosed('app')).toBe(true);
  });

  it('rejects waiting requests at once when it opens, except a resend that the platform still accepts', async () => {
    const there = new GateUnderTest({ inFlight: 40 });
    const inside: string[] = [];
    await times(10, async () => inside.push(await there.request()));
    const waiting = await there.request();
    const hurried: string[] = [];
    await times(10, async () => hurried.push(await there.request({ urgency: 'unknown', inGrace: true })));
    expect(there.admitted).toEqual(inside);
    await times(10, (n) => there.release(inside[n]!, 'lost'));
    expect(there.rejectionOf(waiting)?.why).toBe('breaker');
    expect(there.admitted).toEqual([...inside, ...hurried]);
    expect(there.rejectionOf(await there.request({ urgency: 'unknown' }))?.why).toBe('breaker');
  });

  it('lets a resend within its grace pass one that waits for a probe, and has to', async () => {
    const there = await opened();
    await there.clock.pass(30 * SECOND);
    const probe = await there.request();
    await there.request({ urgency: 'unknown' });
    const hurried = await there.request({ urgency: 'unknown', inGrace: true });
    expect(there.admitted.slice(10)).toEqual([probe, hurried]);
  });

  it('is probed by one at a time, the others wait for it; three oks close it, and all go', async () => {
    const there = await opened();
    await there.clock.pass(30 * SECOND);
    const [a, b, c, d] = [await there.request(), await there.request(), await there.request(), await there.request()];
    expect(there.admitted.slice(10)).toEqual([a]);
    await there.release(a, 'ok');
    expect(there.admitted.slice(10)).toEqual([a, b]);
    await there.release(b, 'ok');
    expect(there.gate.isBreakerClosed('app')).toBe(false);
    await there.release(c, 'ok');
    expect(there.gate.isBreakerClosed('app')).toBe(true);
    await there.clock.pass(SECOND);
    expect(there.admitted.slice(10)).toEqual([a, b, c, d]);
  });

  it('stays open when its probe fails, and rejects the requests that waited for it', async () => {
    const there = await opened();
    await there.clock.pass(30 * SECOND);
    const [probe, other] = [await there.request(), await there.request()];
    await there.release(probe, 'lost');
    expect(there.rejectionOf(other)).toMatchObject({ why: 'breaker', retryAfter: 60 });
  });

  it('admits the next request when a probe proved nothing', async () => {
    const there = await opened('permanent');
    await there.clock.pass(30 * SECOND);
    const [refused, paused, spent, last] = [
      await there.request(),
      await there.request(),
      await there.request(),
      await there.request(),
    ];
    await there.release(refused, 'permanent', false);
    await there.release(paused, 'app');
    await there.release(spent, 'spent');
    expect(there.admitted.slice(10)).toEqual([refused, paused, spent, last]);
  });

  it('ends a round of probes after ten inconclusive ones in a row: grants in doubt cause no burst at a platform that refuses all', async () => {
    const there = await opened('temporary');
    await there.clock.pass(30 * SECOND);
    const first = there.admitted.length;
    const waiting: string[] = [];
    await times(30, async () => waiting.push(await there.request()));
    await times(9, (n) => there.release(waiting[n]!, 'spent'));
    expect(there.admitted.slice(first)).toEqual(waiting.slice(0, 10));
    await there.release(waiting[9]!, 'spent');
    expect(there.admitted.slice(first)).toEqual(waiting.slice(0, 10));
    expect(there.rejectionOf(waiting[10]!)).toMatchObject({ why: 'breaker', retryAfter: 60 });
  });

  it('probes with grants of known outcome before those of unknown outcome, which a working platform refuses too', async () => {
    const there = await opened('lost');
    await there.clock.pass(30 * SECOND);
    const [first, unknown, due] = [
      await there.request({ urgency: 'unknown' }),
      await there.request({ urgency: 'unknown' }),
      await there.request(),
    ];
    await there.release(first, 'spent');
    await there.release(due, 'ok');
    expect(there.admitted.slice(10)).toEqual([first, due, unknown]);
  });

  it('is not moved by answers to what was sent before it turned', async () => {
    const there = new GateUnderTest();
    const slow: string[] = [];
    await times(20, async () => slow.push(await there.request()));
    await times(10, () => there.requestAndComplete('temporary'));
    await there.clock.pass(30 * SECOND);
    await times(3, () => there.requestAndComplete('ok'));
    expect(there.gate.isBreakerClosed('app')).toBe(true);
    await times(20, (n) => there.release(slow[n]!, 'lost'));
    expect(there.gate.isBreakerClosed('app')).toBe(true);
  });

  it('is dropped with its app only when its state is that of a new one', async () => {
    const there = await opened();
    await there.clock.pass(MINUTE);
    there.gate.tidy();
    expect(there.gate.states()).toEqual([{ appId: 'app', state: 'open', waiting: 0 }]);
    await times(3, () => there.requestAndComplete('ok'));
    await there.clock.pass(4 * MINUTE);
    there.gate.tidy();
    expect(there.gate.states()).toHaveLength(1);
    await there.clock.pass(2 * MINUTE);
    there.gate.tidy();
    expect(there.gate.states()).toEqual([]);
  });
});
