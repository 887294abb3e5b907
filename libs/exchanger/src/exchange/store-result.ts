import { transaction, type Tx } from '#persistence/sql';
import type { GrantChange } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { applyHealth, changeGrant, type Claim, databaseNow, endIntent, type IntentEnd, lockGrant } from '#tokens/store';
import pRetry from 'p-retry';
import { seconds } from '#config';
import { SealBroken } from '#crypto';
import type { Logger } from '#observability';

export interface StoredResult {
  change: GrantChange;
  now: Date;
}

/** What an exchange without tokens changes; undefined: it has been stored already. */
export type Decide = (now: Date, tx: Tx) => GrantChange | undefined | Promise<GrantChange | undefined>;

/**
 * Stores what an exchange without tokens means, if the grant is still the one that was sent and nobody has claimed it since.
 * The exchange itself ended as it did either way: a request that left is never noted as one that did not.
 */
export async function storeResult(
  context: ExchangerContext,
  claim: Claim,
  end: IntentEnd,
  decide: Decide,
): Promise<StoredResult> {
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
export const secondsUntil = ({ change, now }: StoredResult): number =>
  Math.max(1, Math.ceil(((change.refreshDueAt ?? now).getTime() - now.getTime()) / 1_000));

/** What a platform said is stored for as long as the process lives: at worst it exists nowhere else. */
export function retryUntilStored<Result>(logger: Logger, what: object, store: () => Promise<Result>): Promise<Result> {
  return pRetry(store, {
    retries: Infinity,
    minTimeout: 250,
    maxTimeout: seconds(1),
    // Waiting opens nothing: the journal keeps what was said.
    shouldRetry: ({ error }) => !(error instanceof SealBroken),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber % 10 === 1) logger.error({ err: error, ...what }, 'an answer waits for the database');
    },
  });
}
