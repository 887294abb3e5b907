import { setTimeout as pause } from 'node:timers/promises';
import type { ExchangerContext } from '../exchanger-context.js';
import { type GrantAt, readGrant } from '#tokens/store';
import type { RefreshOutcome } from '#tokens';

const EVERY = 200;
const HELD = ['claimed', 'in_flight'];

/** Waits for an exchange that another process runs, and tells its result. */
export async function awaitRunning(
  context: ExchangerContext,
  grantId: string,
  patience: number,
): Promise<RefreshOutcome> {
  for (let waited = 0; waited < patience; waited += EVERY) {
    await pause(EVERY);
    const read = await readGrant(context.pool, grantId);
    if (!read) return { kind: 'nothing_to_do' };
    if (!HELD.includes(read.grant.refreshState)) return outcomeOf(read);
  }
  return { kind: 'unavailable', retryAfter: 60 };
}

/** What an exchange left in the grant says how it ended: after an ok nothing is held against it. */
function outcomeOf({ grant: { lastClass, refreshDueAt }, now }: GrantAt): RefreshOutcome {
  if (lastClass === null) return { kind: 'refreshed' };
  if (lastClass === 'permanent' || lastClass === 'owner') return { kind: 'refused' };
  const retryAfter = Math.max(1, Math.ceil(((refreshDueAt ?? now).getTime() - now.getTime()) / 1_000));
  return { kind: lastClass === 'app' ? 'app_paused' : 'unavailable', retryAfter };
}
