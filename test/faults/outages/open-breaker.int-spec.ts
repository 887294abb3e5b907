import { expect, it } from '@jest/globals';
import { DAY, FEW_ACCOUNTS, HOUR, LargeApp, MINUTE } from './large-app.js';

const app = LargeApp.forEachTest();

it('reports revoked grants of a whole app after two days of an open breaker, and not before', async () => {
  const grants = await app.populate(FEW_ACCOUNTS);
  for (const grant of grants) app.engine.platform.revoke(grant);
  await app.engine.runUntil(5 * MINUTE);
  expect(await app.breakers()).toEqual(['open']);
  await app.engine.runUntil(2 * DAY - 15 * MINUTE, { sweepEvery: 45 * MINUTE });
  expect(await app.accounts()).toEqual([
    { health: 'degraded', reason: 'provider_unavailable', count: grants.length, revocations: 0 },
  ]);
  await app.engine.runUntil(2 * DAY + 3 * HOUR, { sweepEvery: 5 * MINUTE });
  expect(await app.accounts()).toEqual([
    { health: 'needs_reauth', reason: 'grant_revoked', count: grants.length, revocations: grants.length },
  ]);
}, 60_000);
