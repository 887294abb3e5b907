import { scheduleProbesNow, type Tx } from '#persistence/sql';
import type { Failure } from '#providers';
import { adoptOrphan } from './orphans.js';
import {
  afterDisbelief,
  afterStrike,
  type Circumstances,
  isCondemned,
  wantsAnother,
  type Witness,
} from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { readCanary, wakeCanary } from '../store/canary.js';
import type { Claim } from '#tokens/store';
import { isWithinGrace } from '../store/grace.js';
import { isOvertaken } from '../store/overtaken.js';
import { tokenSetWaits } from '../store/waiting-token-sets.js';
import type { RefreshOutcome } from '#tokens';
import { secondsUntil, settle } from './store-settlement.js';

/** The breaker of the app is open: the platform refuses many at once, and none of them is blamed. */
export async function settleDisbelief(
  context: ExchangerContext,
  claim: Claim,
  failure: Failure,
): Promise<RefreshOutcome> {
  const settlement = await settle(context, claim, 'answered', (now) =>
    afterDisbelief(claim.grant, failure, { now, random: context.random }),
  );
  return { kind: 'unavailable', retryAfter: secondsUntil(settlement) };
}

/** A refusal of the grant, and what else is known of it. */
export interface Refusal {
  failure: Failure;
  witness: Witness;
  /** When the API took another grant of the app, before it was asked of this one; null: it did not, or was not asked. */
  canaryOkAt: Date | null;
  /** Since when refusals have kept the app's breaker from closing; null: it is closed. */
  shutSince: Date | null;
}

/** A refusal of the grant. A late pair is tried before there is any verdict. */
export async function settleStrike(context: ExchangerContext, claim: Claim, refusal: Refusal): Promise<RefreshOutcome> {
  const { grant, epoch } = claim;
  const { failure, witness } = refusal;
  await settle(context, claim, 'answered', async (now, tx) => {
    // The refusal says nothing about accounts with tokens of their own.
    await scheduleProbesNow(tx, { grantId: grant.id }, { ownTokensOnly: true });
    const strike = { now, witness, shutSince: refusal.shutSince, ...(await circumstances(tx, claim, refusal)) };
    const change = afterStrike(grant, failure, strike);
    if (wantsAnother(grant, strike)) await wakeCanary(tx, grant);
    const adopted =
      isCondemned(grant, change) &&
      (await adoptOrphan(context, tx, grant, { now, witness, errorCode: failure.code, epoch }));
    return adopted ? undefined : change;
  });
  return { kind: 'refused' };
}

async function circumstances(
  tx: Tx,
  { grant, intentId }: Claim,
  { canaryOkAt }: Refusal,
): Promise<Pick<Circumstances, 'canary' | 'waiting' | 'withinGrace' | 'overtaken'>> {
  const canary = await readCanary(tx, grant, intentId);
  return {
    canary: { ...canary, acceptedAt: canaryOkAt ?? canary.refreshedAt },
    waiting: await tokenSetWaits(tx, grant),
    withinGrace: grant.unknownSince !== null && (await isWithinGrace(tx, grant, intentId)),
    overtaken: await isOvertaken(tx, grant),
  };
}
