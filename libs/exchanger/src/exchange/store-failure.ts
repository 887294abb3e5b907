import type { Failure } from '#providers';
import { adoptOrphan } from './orphans.js';
import { type RefreshOutcome, UNREACHABLE } from '#tokens';
import {
  after,
  afterDoubtfulAnswer,
  afterFailure,
  afterLostAnswer,
  afterRefusalByStatus,
  afterRefusalWhileOpen,
  afterStrike,
  afterUnlistedRefusal,
  type ApiCheck,
  endsGrant,
  type GrantChange,
  isSpentOnce,
  mayBeRevoked,
  needsCanary,
  nextHealthChange,
  type StrikeContext,
  trustsRefusals,
  type UnlistedRefusalMoment,
} from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { type AppRow, type Claim, claimGrant, databaseNow, markAppFailing } from '#tokens/store';
import { readRefusedSince } from '../store/breakers.js';
import { tokenSetWaits } from '../store/waiting-token-sets.js';
import { isRecovered, type PreparedRefresh } from './prepared-refresh.js';
import { secondsUntil, storeAsDue, storeResult } from './store-result.js';
import { checkCanaryGrants, checkWithApi } from './api-check.js';
import { scheduleProbesNow, type StatusSource, type Tx } from '#persistence/sql';
import { readCanary, scheduleCanary } from '../store/canary.js';
import { countSentInGrace, isSuperseded, isWithinGrace } from '../store/resends.js';

/** Nothing can be sent for this grant: its next check is when time alone changes its health. */
export async function scheduleNextCheck(context: ExchangerContext, claim: Claim): Promise<RefreshOutcome> {
  await storeResult(context, claim, 'released', (now) => ({
    refreshState: 'idle',
    refreshDueAt: nextHealthChange(claim.grant, now),
  }));
  return { kind: 'not_refreshable' };
}

/** Grants of a paused app wait for the end of the pause, without a failure of their own. Strikes and last tries keep their schedule: the pause may end early. */
export async function releaseForPausedApp(
  context: ExchangerContext,
  claim: Claim,
  { pausedFor }: Pick<AppRow, 'pausedFor'>,
): Promise<RefreshOutcome> {
  const { refreshState, refreshDueAt } = claim.grant;
  await storeResult(context, claim, 'released', (now) => ({
    refreshState,
    rejectedAt: null,
    refreshDueAt: refreshState === 'confirm' ? refreshDueAt : after(now, pausedFor * 1_000),
  }));
  return { kind: 'app_paused', retryAfter: pausedFor };
}

const PROVIDER_GONE: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'provider.gone' };

/** The operator's file does not define the provider any more, and may define it again: its grants wait, and show it. */
export async function storeProviderGone(
  context: ExchangerContext,
  grantId: string,
  forced: boolean,
): Promise<RefreshOutcome | 'busy'> {
  const claim = await claimGrant(context.pool, grantId, { holder: context.holder, forced });
  if (!claim) return 'busy';
  const change = await storeResult(context, claim, 'released', (now) =>
    afterFailure(claim.grant, PROVIDER_GONE, { now, random: context.random }),
  );
  return { kind: 'unavailable', retryAfter: secondsUntil(change) };
}

/** The platform was not reached: the known facts stay as they are. */
export async function storeUnreached(context: ExchangerContext, claim: Claim): Promise<RefreshOutcome> {
  const change = await storeResult(context, claim, 'released', (now) =>
    afterFailure(claim.grant, UNREACHABLE, { now, random: context.random }),
  );
  return { kind: 'unavailable', retryAfter: secondsUntil(change) };
}

/** `lastError`: why the outcome is unknown, `answer_lost` or `unreadable`. */
export async function storeLostAnswer(
  context: ExchangerContext,
  claim: Claim,
  lastError = 'answer_lost',
): Promise<'lost'> {
  await storeResult(context, claim, 'unknown', (now) => ({
    ...afterLostAnswer(claim.grant, { now, random: context.random }),
    lastError,
  }));
  return 'lost';
}

/** A failure that leaves it open whether the one-time token was spent. */
export async function storeDoubtfulAnswer(
  context: ExchangerContext,
  claim: Claim,
  failure: Failure,
): Promise<RefreshOutcome> {
  const { grant } = claim;
  const stored = await storeResult(context, claim, 'unknown', async (now, tx) => {
    const sentInGrace = await countSentInGrace(tx, grant);
    return afterDoubtfulAnswer(grant, failure, { now, random: context.random, sentInGrace });
  });
  return { kind: 'unavailable', retryAfter: secondsUntil(stored) };
}

/** A refusal of the grant is a strike, one of the app pauses the app, any other failure is retried later. */
export async function storeFailure(
  context: ExchangerContext,
  refresh: PreparedRefresh,
  failure: Failure,
  source: StatusSource = 'token',
): Promise<RefreshOutcome> {
  const { claim, app } = refresh;
  if (failure.class === 'permanent')
    return isRecovered(refresh) ? storeAsDue(context, claim) : storeRefusal(context, refresh, failure);
  const change = await storeResult(context, claim, 'answered', async (now, tx) => {
    if (failure.class === 'app') await markAppFailing(tx, app, failure, source);
    return afterFailure(claim.grant, failure, { now, random: context.random });
  });
  if (change.change.lastClass === 'owner') return { kind: 'refused' };
  const retryAfter = secondsUntil(change);
  return failure.class === 'app' ? { kind: 'app_paused', retryAfter } : { kind: 'unavailable', retryAfter };
}

/** A refusal in words that no table lists. */
export const storeUnlistedRefusal = (
  context: ExchangerContext,
  refresh: PreparedRefresh,
  failure: Failure,
): Promise<RefreshOutcome> =>
  storeUnlisted(context, refresh, { failure, intent: 'answered' }, (moment) =>
    Promise.resolve(afterUnlistedRefusal(refresh.claim.grant, failure, moment)),
  );

/** A refusal without words. It may be of a proxy, so a one-time token is in doubt. */
export function storeRefusalByStatus(
  context: ExchangerContext,
  refresh: PreparedRefresh,
  failure: Failure,
): Promise<RefreshOutcome> {
  const { grant } = refresh.claim;
  const intent = isSpentOnce(grant) ? 'unknown' : 'answered';
  return storeUnlisted(context, refresh, { failure, intent }, async (moment, tx) =>
    afterRefusalByStatus(grant, failure, { ...moment, sentInGrace: await countSentInGrace(tx, grant) }),
  );
}

/** An orphan is tried before the grant ends. */
async function storeUnlisted(
  context: ExchangerContext,
  { claim, app }: PreparedRefresh,
  { failure, intent }: { failure: Failure; intent: 'answered' | 'unknown' },
  changeAt: (moment: UnlistedRefusalMoment, tx: Tx) => Promise<GrantChange>,
): Promise<RefreshOutcome> {
  const { grant, epoch } = claim;
  const stored = await storeResult(context, claim, intent, async (now, tx) => {
    const known = { closedFor: context.gate.breakerClosedFor(app.id), waiting: await tokenSetWaits(tx, grant) };
    const change = await changeAt({ now, random: context.random, ...known }, tx);
    const adopted =
      endsGrant(grant, change) &&
      (await adoptOrphan(context, tx, grant, {
        ...{ now, apiCheck: 'silent', errorCode: failure.code, epoch },
        isLast: change.refreshState === 'ended',
      }));
    return adopted ? undefined : change;
  });
  return stored.change.endedReason ? { kind: 'refused' } : { kind: 'unavailable', retryAfter: secondsUntil(stored) };
}

/** Weighs a refusal by the app's breaker and by the API check of the access token. */
async function storeRefusal(
  context: ExchangerContext,
  refresh: PreparedRefresh,
  failure: Failure,
): Promise<RefreshOutcome> {
  const { claim, app, tokens } = refresh;
  const { grant } = claim;
  const isClosed = context.gate.isBreakerClosed(app.id);
  const refusedSince = isClosed ? null : await readRefusedSince(context.pool, app.id);
  const now = await databaseNow(context.pool);
  if (!isClosed && !trustsRefusals(grant, refusedSince, now)) return storeRefusalWhileOpen(context, claim, failure);
  // Other grants first: the final check must be on this grant.
  const canaryOkAt = mayBeRevoked(grant, now) ? await checkCanaryGrants(context, grant) : null;
  const checked = await checkWithApi(context, grant, tokens.access);
  if (checked.kind === 'explained') return storeFailure(context, refresh, checked.failure, 'api');
  return storeStrike(context, claim, { failure, apiCheck: checked.apiCheck, canaryOkAt, refusedSince });
}

/** The app's breaker is open: the platform refuses many grants at once, and none of them gets a strike. */
async function storeRefusalWhileOpen(
  context: ExchangerContext,
  claim: Claim,
  failure: Failure,
): Promise<RefreshOutcome> {
  const stored = await storeResult(context, claim, 'answered', (now) =>
    afterRefusalWhileOpen(claim.grant, failure, { now, random: context.random }),
  );
  return { kind: 'unavailable', retryAfter: secondsUntil(stored) };
}

/** A refusal of the grant, with what else is known. */
export interface Refusal {
  failure: Failure;
  apiCheck: ApiCheck;
  /** When the API accepted another grant of the app, before this one was checked; null: it did not, or was not checked. */
  canaryOkAt: Date | null;
  /** Since when refusals have kept the app's breaker from closing; null: it is closed. */
  refusedSince: Date | null;
}

/** A strike. An orphan is tried before the grant ends. */
export async function storeStrike(context: ExchangerContext, claim: Claim, refusal: Refusal): Promise<RefreshOutcome> {
  const { grant, epoch } = claim;
  const { failure, apiCheck } = refusal;
  await storeResult(context, claim, 'answered', async (now, tx) => {
    // The refusal proves nothing about accounts with tokens of their own.
    await scheduleProbesNow(tx, { grantId: grant.id }, { ownTokensOnly: true });
    const strike = { now, apiCheck, refusedSince: refusal.refusedSince, ...(await circumstances(tx, claim, refusal)) };
    const change = afterStrike(grant, failure, strike);
    if (needsCanary(grant, strike)) await scheduleCanary(tx, grant);
    const adopted =
      endsGrant(grant, change) &&
      (await adoptOrphan(context, tx, grant, {
        ...{ now, apiCheck, errorCode: failure.code, epoch },
        isLast: change.refreshState === 'ended',
      }));
    return adopted ? undefined : change;
  });
  return { kind: 'refused' };
}

async function circumstances(
  tx: Tx,
  { grant, intentId }: Claim,
  { canaryOkAt }: Refusal,
): Promise<Pick<StrikeContext, 'canary' | 'waiting' | 'withinGrace' | 'superseded'>> {
  const canary = await readCanary(tx, grant, intentId);
  return {
    canary: { ...canary, acceptedAt: canaryOkAt ?? canary.acceptedAt },
    waiting: await tokenSetWaits(tx, grant),
    withinGrace: grant.unknownSince !== null && (await isWithinGrace(tx, grant, intentId)),
    superseded: await isSuperseded(tx, grant),
  };
}
