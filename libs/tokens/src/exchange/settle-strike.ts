import type { Tx } from '#persistence';
import type { Failure } from '#providers';
import { adoptOrphan } from '../grants/orphans.js';
import { isConfirmed } from '../protocol/death-rule.js';
import { isCondemned } from '../protocol/late-pair.js';
import { afterDisbelief, afterStrike, type Circumstances } from '../protocol/settle.js';
import type { Room } from '../room.js';
import { readCanary } from '../store/canary.js';
import type { Claim } from '../store/claims.js';
import { databaseNow } from '../store/grants.js';
import { isWithinGrace } from '../store/grace.js';
import { tokenSetWaits } from '../store/waiting-token-sets.js';
import type { RefreshOutcome } from '../token-exchange.js';
import type { Refresh } from './prepare-refresh.js';
import { secondsUntil, settle } from './store-settlement.js';
import { askCanary, type Testimony } from './witness.js';

export type WitnessOfStrike = Extract<Testimony, { kind: 'witness' }>['witness'];

/** The breaker of the app is open: the platform refuses many at once, and none of them is blamed. */
export async function settleDisbelief(room: Room, claim: Claim, failure: Failure): Promise<RefreshOutcome> {
  const settlement = await settle(room, claim, 'answered', (now) => afterDisbelief(claim.grant, failure, { now, random: room.random }));
  return { kind: 'unavailable', retryAfter: secondsUntil(settlement) };
}

/** A refusal of the grant. A late pair is tried before there is any verdict. */
export async function settleStrike(room: Room, { claim }: Refresh, failure: Failure, witness: WitnessOfStrike): Promise<RefreshOutcome> {
  const { grant, epoch } = claim;
  const canaryOkAt = await confirmedBy(room, claim, witness);
  await settle(room, claim, 'answered', async (now, tx) => {
    await probeSoon(tx, grant.id);
    const change = afterStrike(grant, failure, { now, witness, ...(await circumstances(tx, claim, canaryOkAt)) });
    const adopted = isCondemned(grant, change) && (await adoptOrphan(room, tx, grant, { now, witness, errorCode: failure.code, epoch }));
    return adopted ? undefined : change;
  });
  return { kind: 'refused' };
}

/** Where only the canary's word is missing, it is asked for. */
async function confirmedBy(room: Room, { grant }: Claim, witness: WitnessOfStrike): Promise<Date | null> {
  const now = await databaseNow(room.pool);
  if (grant.endedReason !== null || !isConfirmed(grant, now, witness)) return null;
  return askCanary(room, grant);
}

async function circumstances(tx: Tx, { grant, intentId }: Claim, canaryOkAt: Date | null): Promise<Omit<Circumstances, 'now' | 'witness'>> {
  const canary = await readCanary(tx, grant);
  return {
    canary: { ...canary, acceptedAt: canaryOkAt ?? canary.acceptedAt },
    waiting: await tokenSetWaits(tx, grant),
    withinGrace: grant.unknownSince !== null && (await isWithinGrace(tx, grant, intentId)),
  };
}

/** Accounts with tokens of their own speak for themselves. */
async function probeSoon(tx: Tx, grantId: string): Promise<void> {
  await tx.query(`update accounts set probe_due_at = db_now() where grant_id = $1 and own_token and health <> 'disconnected'`, [grantId]);
}
