import { setTimeout as pause } from 'node:timers/promises';
import type { Room } from '../room.js';
import { readGrant } from '../store/grants.js';
import type { RefreshOutcome } from '../token-exchange.js';

const EVERY = 200;
const HELD = ['claimed', 'in_flight'];

/** Waits for an exchange that another process runs, and tells its result. */
export async function awaitRunning(room: Room, grantId: string, patience: number): Promise<RefreshOutcome> {
  const before = await readGrant(room.pool, grantId);
  for (let waited = 0; waited < patience; waited += EVERY) {
    await pause(EVERY);
    const read = await readGrant(room.pool, grantId);
    if (!read) return { kind: 'nothing_to_do' };
    if (HELD.includes(read.grant.refreshState)) continue;
    if (read.grant.tokenVersion !== before?.grant.tokenVersion) return { kind: 'refreshed' };
    return read.grant.lastClass === 'permanent' ? { kind: 'refused' } : { kind: 'unavailable', retryAfter: 60 };
  }
  return { kind: 'unavailable', retryAfter: 60 };
}
