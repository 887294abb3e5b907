import type { Failure } from '#providers';
import { adoptOrphan } from '../grants/orphans.js';
import { UNREACHABLE } from '../platform-client.js';
import { isBelieved, mayBeConfirmed } from '../protocol/death-rule.js';
import { after } from '../protocol/due.js';
import { isCondemned } from '../protocol/late-pair.js';
import { nextLook } from '../protocol/next-look.js';
import { afterRejection } from '../protocol/rejection.js';
import { afterFailure, afterLostAnswer } from '../protocol/settle.js';
import type { Room } from '../room.js';
import { type AppRow, blameApp, type StatusSource } from '../store/apps.js';
import { refusedSince } from '../store/breakers.js';
import type { Claim } from '../store/claims.js';
import { databaseNow } from '../store/grants.js';
import { tokenSetWaits } from '../store/waiting-token-sets.js';
import type { RefreshOutcome } from '../token-exchange.js';
import type { Refresh } from './prepare-refresh.js';
import { settleDisbelief, settleStrike } from './settle-strike.js';
import { secondsUntil, settle } from './store-settlement.js';
import { askCanary, askWitness } from './witness.js';

/** Nothing can be sent for this grant: look when its health changes by time alone. */
export async function lookAgain(room: Room, claim: Claim): Promise<RefreshOutcome> {
  await settle(room, claim, 'released', (now) => ({ refreshState: 'idle', refreshDueAt: nextLook(claim.grant, now) }));
  return { kind: 'not_refreshable' };
}

/** The app is paused: its grants wait until it is not, and are blamed for nothing. Strikes and last tries keep their own time: the pause may end early. */
export async function settlePause(
  room: Room,
  claim: Claim,
  { pausedFor }: Pick<AppRow, 'pausedFor'>,
): Promise<RefreshOutcome> {
  const { refreshState, refreshDueAt } = claim.grant;
  await settle(room, claim, 'released', (now) => ({
    refreshState,
    rejectedAt: null,
    refreshDueAt: refreshState === 'confirm' ? refreshDueAt : after(now, pausedFor * 1_000),
  }));
  return { kind: 'app_paused', retryAfter: pausedFor };
}

/** The platform was not reached: what was known before is still all that is known. */
export async function settleUnsent(room: Room, claim: Claim): Promise<RefreshOutcome> {
  const change = await settle(room, claim, 'released', (now) =>
    afterFailure(claim.grant, UNREACHABLE, { now, random: room.random }),
  );
  return { kind: 'unavailable', retryAfter: secondsUntil(change) };
}

/** `lastError`: why the outcome is unknown, `answer_lost` or `unreadable`. */
export async function settleLostAnswer(room: Room, claim: Claim, lastError = 'answer_lost'): Promise<'lost'> {
  await settle(room, claim, 'unknown', (now) => ({
    ...afterLostAnswer(claim.grant, { now, random: room.random }),
    lastError,
  }));
  return 'lost';
}

/** A refusal: a strike where it is about the grant, a pause of the app where it is about the app, else patience. */
export async function settleFailure(
  room: Room,
  refresh: Refresh,
  failure: Failure,
  source: StatusSource = 'token',
): Promise<RefreshOutcome> {
  if (failure.class === 'permanent') return settleRefusal(room, refresh, failure);
  const { claim, app } = refresh;
  const change = await settle(room, claim, 'answered', async (now, tx) => {
    if (failure.class === 'app') await blameApp(tx, app, failure, source);
    return afterFailure(claim.grant, failure, { now, random: room.random });
  });
  if (failure.class === 'owner') return { kind: 'refused' };
  const retryAfter = secondsUntil(change);
  return failure.class === 'app' ? { kind: 'app_paused', retryAfter } : { kind: 'unavailable', retryAfter };
}

/** A refusal in words that no table lists. A late pair is tried before any verdict. */
export async function settleRejection(room: Room, { claim, app }: Refresh, failure: Failure): Promise<RefreshOutcome> {
  const { grant, epoch } = claim;
  const settlement = await settle(room, claim, 'answered', async (now, tx) => {
    const known = { closedFor: room.gate.closedFor(app.id), waiting: await tokenSetWaits(tx, grant) };
    const change = afterRejection(grant, failure, { now, random: room.random, ...known });
    const adopted =
      isCondemned(grant, change) &&
      (await adoptOrphan(room, tx, grant, { now, witness: 'silent', errorCode: failure.code, epoch }));
    return adopted ? undefined : change;
  });
  return settlement.change.endedReason
    ? { kind: 'refused' }
    : { kind: 'unavailable', retryAfter: secondsUntil(settlement) };
}

/** What a refusal is worth depends on the app's breaker, and on what the API says of the access token. */
async function settleRefusal(room: Room, refresh: Refresh, failure: Failure): Promise<RefreshOutcome> {
  const { claim, app, tokens } = refresh;
  const { grant } = claim;
  const isClosed = room.gate.isClosed(app.id);
  const shutSince = isClosed ? null : await refusedSince(room.pool, app.id);
  const now = await databaseNow(room.pool);
  if (!isClosed && !isBelieved(grant, shutSince, now)) return settleDisbelief(room, claim, failure);
  // Another one first: the last word, on which this grant may die, has to be of itself.
  const canaryOkAt = mayBeConfirmed(grant, now) ? await askCanary(room, grant) : null;
  const testimony = await askWitness(room, grant, tokens.access);
  if (testimony.kind === 'explained') return settleFailure(room, refresh, testimony.failure, 'api');
  return settleStrike(room, claim, { failure, witness: testimony.witness, canaryOkAt, shutSince });
}
