import { transaction, type Tx } from '#persistence/sql';
import type { RefreshOutcome } from '#tokens';
import { afterRefusedAnswer, type GrantChange } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { applyHealth, changeGrant, type Claim, databaseNow, endIntent, type IntentEnd, lockGrant } from '#tokens/store';
import pRetry from 'p-retry';
import { seconds } from '#config';
import { SealBroken } from '#crypto';
import { codeOf, type Logger } from '#observability';

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

/** The journal holds an answer that the database does not take. */
export async function storeRefusedAnswer(context: ExchangerContext, claim: Claim): Promise<RefreshOutcome> {
  const stored = await storeResult(context, claim, 'unknown', (now) => afterRefusedAnswer(claim.grant, now));
  return { kind: 'unavailable', retryAfter: secondsUntil(stored) };
}

/** A refusal that an earlier process received. Its check needs the platform, so the next refresh meets the refusal again. */
export async function storeAsDue(context: ExchangerContext, claim: Claim): Promise<RefreshOutcome> {
  const { refreshState } = claim.grant;
  await storeResult(context, claim, 'answered', (now) => ({ refreshState, refreshDueAt: now }));
  return { kind: 'refused' };
}

/** Data and integrity errors (SQLSTATE classes 22 and 23): the same values are refused again. */
const REFUSED = /^2[23][0-9A-Z]{3}$/;
/** A row that another transaction adds or deletes may cause one as well, and then the next try succeeds. */
const MAX_REFUSALS = 3;

export const isRefusedByDatabase = (error: unknown): boolean => REFUSED.test(codeOf(error) ?? '');

const TRANSACTION_ABORTED = '25P02';

/**
 * Awaits statements that were sent together. Those behind a failed one fail as well, and may be seen first: the error is
 * that of the first one.
 */
export async function allStored<Result>(
  first: Promise<Result>,
  ...others: readonly (Promise<unknown> | null)[]
): Promise<Result> {
  const statements = [first, ...others.filter((one) => one !== null)];
  try {
    await Promise.all(statements);
    return await first;
  } catch (error) {
    const failed = (await Promise.allSettled(statements)).filter((one) => one.status === 'rejected');
    throw failed.find(({ reason }) => codeOf(reason) !== TRANSACTION_ABORTED)?.reason ?? error;
  }
}

/** Retries for as long as the process runs: a platform's answer may exist nowhere else. */
export function retryUntilStored<Result>(logger: Logger, what: object, store: () => Promise<Result>): Promise<Result> {
  return pRetry(store, {
    retries: Infinity,
    minTimeout: 250,
    maxTimeout: seconds(1),
    // A broken seal does not heal by waiting, and refused values stay refused; the journal keeps the answer.
    shouldRetry: ({ error, attemptNumber }) =>
      !(error instanceof SealBroken) && !(isRefusedByDatabase(error) && attemptNumber >= MAX_REFUSALS),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber % 10 === 1) logger.error({ err: error, ...what }, 'exchange.result_not_stored');
    },
  });
}
