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

/** What an exchange without tokens changes; undefined: the change is stored already. */
export type Decide = (now: Date, tx: Tx) => GrantChange | undefined | Promise<GrantChange | undefined>;

/**
 * Stores the result of an exchange without tokens, if the grant still has the version that was sent and no newer claim. The
 * intent ends in its state either way: a request that was sent is never noted as unsent.
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

/** Until the next exchange of the grant. */
export const secondsUntil = ({ change, now }: StoredResult): number =>
  Math.max(1, Math.ceil(((change.refreshDueAt ?? now).getTime() - now.getTime()) / 1_000));

/** Retries for as long as the process runs: a platform's answer may exist nowhere else. */
export function retryUntilStored<Result>(logger: Logger, what: object, store: () => Promise<Result>): Promise<Result> {
  return pRetry(store, {
    retries: Infinity,
    minTimeout: 250,
    maxTimeout: seconds(1),
    // A broken seal does not heal by waiting; the journal keeps the answer.
    shouldRetry: ({ error }) => !(error instanceof SealBroken),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber % 10 === 1) logger.error({ err: error, ...what }, 'exchange.result_not_stored');
    },
  });
}
