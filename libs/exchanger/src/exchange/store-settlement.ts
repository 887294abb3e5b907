import { transaction, type Tx } from '#persistence/sql';
import type { GrantChange } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { applyHealth, changeGrant, type Claim, databaseNow, endIntent, type IntentEnd, lockGrant } from '#tokens/store';

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
export async function settle(
  context: ExchangerContext,
  claim: Claim,
  end: IntentEnd,
  decide: Decide,
): Promise<Settlement> {
  const { grant, epoch, intentId } = claim;
  return transaction(context.pool, async (tx) => {
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
