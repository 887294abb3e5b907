import { transaction, type Tx } from '#persistence';
import type { Failure } from '#providers';
import type { GrantChange } from '../protocol/grant.js';
import { after } from '../protocol/due.js';
import { nextLook } from '../protocol/next-look.js';
import { afterFailure, afterLostAnswer, afterStrike } from '../protocol/settle.js';
import type { Room } from '../room.js';
import { type AppRow, blameApp, canaryOkAt } from '../store/apps.js';
import { type Claim, releaseClaim } from '../store/claims.js';
import { changeGrant, databaseNow, lockGrant } from '../store/grants.js';
import { applyHealth } from '../store/health-store.js';
import { endIntent, type IntentEnd } from '../store/intents.js';
import type { RefreshOutcome } from '../token-exchange.js';
import type { Refresh } from './prepare-refresh.js';
import { askWitness } from './witness.js';

const UNREACHABLE: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'not_reached' };

/** Nothing can be sent for this grant: look when its health changes by time alone. */
export async function lookAgain(room: Room, claim: Claim): Promise<RefreshOutcome> {
  await settle(room, claim, 'released', (now) => ({ refreshState: 'idle', refreshDueAt: nextLook(claim.grant, now) }));
  return { kind: 'not_refreshable' };
}

/** The app is paused: its grants wait until it is not, and are blamed for nothing. */
export async function settlePause(room: Room, claim: Claim, { pausedFor }: AppRow): Promise<RefreshOutcome> {
  const { refreshState } = claim.grant;
  await settle(room, claim, 'released', (now) => ({ refreshState, refreshDueAt: after(now, pausedFor * 1_000) }));
  return { kind: 'app_paused', retryAfter: pausedFor };
}

/** The platform was not reached: what was known before is still all that is known. */
export async function settleUnsent(room: Room, claim: Claim): Promise<RefreshOutcome> {
  const change = await settle(room, claim, 'released', (now) => afterFailure(claim.grant, UNREACHABLE, { now, random: room.random }));
  return { kind: 'unavailable', retryAfter: secondsUntil(change) };
}

export async function settleLostAnswer(room: Room, claim: Claim): Promise<'lost'> {
  await settle(room, claim, 'unknown', (now) => afterLostAnswer(claim.grant, { now, random: room.random }));
  return 'lost';
}

/** A refusal: a strike where it is about the grant, a pause of the app where it is about the app, else patience. */
export async function settleFailure(room: Room, refresh: Refresh, failure: Failure): Promise<RefreshOutcome> {
  if (failure.class === 'permanent') return settleStrike(room, refresh, failure);
  const { claim, app } = refresh;
  const change = await settle(room, claim, 'answered', async (now, tx) => {
    if (failure.class === 'app') await blameApp(tx, app, failure);
    return afterFailure(claim.grant, failure, { now, random: room.random });
  });
  if (failure.class === 'owner') return { kind: 'refused' };
  const retryAfter = secondsUntil(change);
  return failure.class === 'app' ? { kind: 'app_paused', retryAfter } : { kind: 'unavailable', retryAfter };
}

async function settleStrike(room: Room, refresh: Refresh, failure: Failure): Promise<RefreshOutcome> {
  const { claim, app, tokens } = refresh;
  const testimony = await askWitness(room, claim.grant, tokens.access);
  if (testimony.kind === 'owner') return settleFailure(room, refresh, testimony.failure);
  const { witness } = testimony;
  await settle(room, claim, 'answered', async (now, tx) => {
    await probeSoon(tx, claim.grant.id);
    const canary = await canaryOkAt(tx, app.id, claim.grant.id);
    return afterStrike(claim.grant, failure, { now, witness, canaryOkAt: canary });
  });
  return { kind: 'refused' };
}

/** Accounts with tokens of their own speak for themselves. */
async function probeSoon(tx: Tx, grantId: string): Promise<void> {
  await tx.query(`update accounts set probe_due_at = db_now() where grant_id = $1 and own_token and health <> 'disconnected'`, [grantId]);
}

/** Stores what an exchange without tokens means, if the grant is still the one that was claimed. */
async function settle(
  room: Room,
  claim: Claim,
  end: IntentEnd,
  decide: (now: Date, tx: Tx) => GrantChange | Promise<GrantChange>,
): Promise<{ change: GrantChange; now: Date }> {
  return transaction(room.pool, async (tx) => {
    await lockGrant(tx, claim.grant.id);
    const now = await databaseNow(tx);
    const change = await decide(now, tx);
    const version = await changeGrant(tx, claim.grant, change);
    if (version === undefined) await releaseClaim(tx, claim);
    else await endIntent(tx, claim.intentId, end, change.lastError ?? null);
    await applyHealth(tx, claim.grant.id);
    return { change, now };
  });
}

function secondsUntil({ change, now }: { change: GrantChange; now: Date }): number {
  return Math.max(1, Math.ceil(((change.refreshDueAt ?? now).getTime() - now.getTime()) / 1_000));
}
