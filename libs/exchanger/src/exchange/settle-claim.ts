import type { StatusSource } from '#persistence/sql';
import type { Failure } from '#providers';
import { adoptOrphan } from './orphans.js';
import { type RefreshOutcome, UNREACHABLE } from '#tokens';
import {
  after,
  afterFailure,
  afterLostAnswer,
  afterRejection,
  isBelieved,
  isCondemned,
  mayBeConfirmed,
  nextLook,
} from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { type AppRow, blameApp, type Claim, databaseNow } from '#tokens/store';
import { refusedSince } from '../store/breakers.js';
import { tokenSetWaits } from '../store/waiting-token-sets.js';
import type { Refresh } from './prepare-refresh.js';
import { settleDisbelief, settleStrike } from './settle-strike.js';
import { secondsUntil, settle } from './store-settlement.js';
import { askCanary, askWitness } from './witness.js';

/** Nothing can be sent for this grant: look when its health changes by time alone. */
export async function lookAgain(context: ExchangerContext, claim: Claim): Promise<RefreshOutcome> {
  await settle(context, claim, 'released', (now) => ({
    refreshState: 'idle',
    refreshDueAt: nextLook(claim.grant, now),
  }));
  return { kind: 'not_refreshable' };
}

/** The app is paused: its grants wait until it is not, and are blamed for nothing. Strikes and last tries keep their own time: the pause may end early. */
export async function settlePause(
  context: ExchangerContext,
  claim: Claim,
  { pausedFor }: Pick<AppRow, 'pausedFor'>,
): Promise<RefreshOutcome> {
  const { refreshState, refreshDueAt } = claim.grant;
  await settle(context, claim, 'released', (now) => ({
    refreshState,
    rejectedAt: null,
    refreshDueAt: refreshState === 'confirm' ? refreshDueAt : after(now, pausedFor * 1_000),
  }));
  return { kind: 'app_paused', retryAfter: pausedFor };
}

/** The platform was not reached: what was known before is still all that is known. */
export async function settleUnsent(context: ExchangerContext, claim: Claim): Promise<RefreshOutcome> {
  const change = await settle(context, claim, 'released', (now) =>
    afterFailure(claim.grant, UNREACHABLE, { now, random: context.random }),
  );
  return { kind: 'unavailable', retryAfter: secondsUntil(change) };
}

/** `lastError`: why the outcome is unknown, `answer_lost` or `unreadable`. */
export async function settleLostAnswer(
  context: ExchangerContext,
  claim: Claim,
  lastError = 'answer_lost',
): Promise<'lost'> {
  await settle(context, claim, 'unknown', (now) => ({
    ...afterLostAnswer(claim.grant, { now, random: context.random }),
    lastError,
  }));
  return 'lost';
}

/** A refusal: a strike where it is about the grant, a pause of the app where it is about the app, else patience. */
export async function settleFailure(
  context: ExchangerContext,
  refresh: Refresh,
  failure: Failure,
  source: StatusSource = 'token',
): Promise<RefreshOutcome> {
  if (failure.class === 'permanent') return settleRefusal(context, refresh, failure);
  const { claim, app } = refresh;
  const change = await settle(context, claim, 'answered', async (now, tx) => {
    if (failure.class === 'app') await blameApp(tx, app, failure, source);
    return afterFailure(claim.grant, failure, { now, random: context.random });
  });
  if (failure.class === 'owner') return { kind: 'refused' };
  const retryAfter = secondsUntil(change);
  return failure.class === 'app' ? { kind: 'app_paused', retryAfter } : { kind: 'unavailable', retryAfter };
}

/** A refusal in words that no table lists. A late pair is tried before any verdict. */
export async function settleRejection(
  context: ExchangerContext,
  { claim, app }: Refresh,
  failure: Failure,
): Promise<RefreshOutcome> {
  const { grant, epoch } = claim;
  const settlement = await settle(context, claim, 'answered', async (now, tx) => {
    const known = { closedFor: context.gate.closedFor(app.id), waiting: await tokenSetWaits(tx, grant) };
    const change = afterRejection(grant, failure, { now, random: context.random, ...known });
    const adopted =
      isCondemned(grant, change) &&
      (await adoptOrphan(context, tx, grant, { now, witness: 'silent', errorCode: failure.code, epoch }));
    return adopted ? undefined : change;
  });
  return settlement.change.endedReason
    ? { kind: 'refused' }
    : { kind: 'unavailable', retryAfter: secondsUntil(settlement) };
}

/** What a refusal is worth depends on the app's breaker, and on what the API says of the access token. */
async function settleRefusal(context: ExchangerContext, refresh: Refresh, failure: Failure): Promise<RefreshOutcome> {
  const { claim, app, tokens } = refresh;
  const { grant } = claim;
  const isClosed = context.gate.isClosed(app.id);
  const shutSince = isClosed ? null : await refusedSince(context.pool, app.id);
  const now = await databaseNow(context.pool);
  if (!isClosed && !isBelieved(grant, shutSince, now)) return settleDisbelief(context, claim, failure);
  // Another one first: the last word, on which this grant may die, has to be of itself.
  const canaryOkAt = mayBeConfirmed(grant, now) ? await askCanary(context, grant) : null;
  const testimony = await askWitness(context, grant, tokens.access);
  if (testimony.kind === 'explained') return settleFailure(context, refresh, testimony.failure, 'api');
  return settleStrike(context, claim, { failure, witness: testimony.witness, canaryOkAt, shutSince });
}
