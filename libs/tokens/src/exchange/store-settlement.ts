import { transaction, type Tx } from '#persistence/sql';
import type { GrantChange } from '../protocol/grant.js';
import type { Room } from '../room.js';
import type { Claim } from '../store/claims.js';
import { changeGrant, databaseNow, lockGrant } from '../store/grants.js';
import { applyHealth } from '../store/health-store.js';
import { endIntent, type IntentEnd } from '../store/intents.js';

export interface Settlement {
  change: GrantChange;
  now: Date;
}

/** What an exchange without tokens changes; undefined: it has been stored already. */
export type Decide = (now: Date, tx: Tx) => GrantChange | undefined | Promise<GrantChange | undefined>;

/**
 * Stores what an exchange without tokens means, if the grant is still the one that was sent and nobody has claimed it since.
 * The exchange itself ended as it did either way: a request that left is never noted as one that did not.
 */
export async function settle(room: Room, claim: Claim, end: IntentEnd, decide: Decide): Promise<Settlement> {
  const { grant, epoch, intentId } = claim;
  return transaction(room.pool, async (tx) => {
    await lockGrant(tx, grant.id);
    const now = await databaseNow(tx);
    const change = await decide(now, tx);
    if (change) await changeGrant(tx, grant, change, { epoch });
    await endIntent(tx, intentId, end, change?.lastError ?? null);
    await applyHealth(tx, grant.id);
    return { change: change ?? {}, now };
  });
}

/** Until the grant is looked at again. */
export const secondsUntil = ({ change, now }: Settlement): number =>
  Math.max(1, Math.ceil(((change.refreshDueAt ?? now).getTime() - now.getTime()) / 1_000));
