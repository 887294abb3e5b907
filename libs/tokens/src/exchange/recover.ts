import { codeOf, Secret } from '#observability';
import { newId, type Tenant, transaction } from '#persistence/sql';
import type { PlatformAnswer } from '#providers';
import type { Unsettled } from '../journal/journal.js';
import type { Room } from '../room.js';
import { type AppRow, readApp } from '../store/apps.js';
import { readAttempt } from '../store/attempts.js';
import { claimOf, releaseClaim } from '../store/claims.js';
import { endIntent, type IntentRow, readIntent, unendedIntents } from '../store/intents.js';
import type { RefreshOutcome } from '../token-exchange.js';
import { CodeExchange } from './code-exchange.js';
import { type Refresh, tokenToSend } from './prepare-refresh.js';
import { RefreshExchange } from './refresh-exchange.js';
import { resumeExchange } from './run-exchange.js';

/**
 * What the process before this one left behind, settled: answers that it journaled are stored, requests without an answer are
 * unknown, claims that sent nothing are given back. The grants whose outcome is unknown come back, to be asked for again
 * before any other work. Only for who holds the journal: that process is dead then.
 */
export async function recover(room: Room, left: readonly Unsettled[]): Promise<string[]> {
  const unknown: string[] = [];
  const kept = new Set<string>();
  for (const one of left) {
    const settled = await settleOne(room, one).catch((error: unknown) => keep(room, one, error));
    if (settled === 'kept') kept.add(one.intent.intentId);
    else if (settled) unknown.push(settled);
  }
  for (const intent of await unendedIntents(room.pool, room.holder))
    if (!kept.has(intent.id)) await release(room, intent);
  return unknown;
}

/** The grant whose outcome is unknown, if it is. */
async function settleOne(room: Room, one: Unsettled): Promise<string | null> {
  const intent = await readIntent(room.pool, one.intent.intentId);
  const outcome = intent && isOpen(intent) ? await resume(room, intent, one) : undefined;
  room.journal.settled(one.intent.intentId);
  return outcome === 'lost' && intent ? intent.grantId : null;
}

/** One row that does not open, or a provider that was taken away, must not keep all others from being refreshed: the journal keeps it. */
function keep(room: Room, { intent }: Unsettled, error: unknown): 'kept' {
  if (!OF_ITS_OWN.includes(codeOf(error) ?? '')) throw error;
  room.logger.error(
    { err: error, intent: intent.intentId, [intent.kind]: intent.subjectId },
    'what the former process left cannot be settled: the next start tries again',
  );
  return 'kept';
}

const OF_ITS_OWN = ['crypto.seal_broken', 'provider.gone'];

const isOpen = ({ state }: IntentRow): boolean => state === 'prepared' || state === 'dispatched';

async function resume(
  room: Room,
  intent: IntentRow,
  { answer }: Unsettled,
): Promise<RefreshOutcome | 'lost' | undefined> {
  room.logger.warn({ intent: intent.id, answered: answer !== null }, 'going on where the former process stopped');
  if (intent.attemptId) {
    await resumeCode(room, intent, answer);
    return undefined;
  }
  const claim = await claimOf(room.pool, intent);
  const app = claim && ((await readApp(room.pool, claim.grant.oauthAppId)) ?? (answer && deletedApp(claim.grant)));
  return app ? resumeRefresh(room, { claim, app }, answer) : undefined;
}

/** An app that was deleted while the answer waited: the pair is stored all the same, as if the process had lived on. */
const deletedApp = ({ workspaceId, environment }: Tenant): AppRow => ({
  id: newId(),
  workspaceId,
  environment,
  clientId: '',
  status: 'active',
  statusSource: null,
  pausedFor: 0,
  shut: false,
});

async function resumeRefresh(
  room: Room,
  { claim, app }: Pick<Refresh, 'claim' | 'app'>,
  answer: PlatformAnswer | null,
): Promise<RefreshOutcome | 'lost'> {
  const tokens = (await room.vault.openGrantTokens(room.pool, claim.grant)) ?? DESTROYED;
  const sent = tokenToSend(claim.grant, tokens) ?? DESTROYED.access;
  return resumeExchange<RefreshOutcome | 'lost'>(
    room,
    new RefreshExchange(room, { claim, app, tokens, sent, clientSecret: null }),
    answer,
  );
}

/** The pair of a grant that was disconnected meanwhile. Its version has moved on: nothing is made of these. */
const DESTROYED = { access: new Secret(''), refresh: null, previous: null };

async function resumeCode(room: Room, intent: IntentRow, answer: Unsettled['answer']): Promise<void> {
  const attempt = await readAttempt(room.pool, intent.attemptId ?? '');
  const app = attempt && (await readApp(room.pool, attempt.oauthAppId));
  if (app)
    await resumeExchange(room, new CodeExchange(room, attempt, app, { intentId: intent.id, code: null }), answer);
}

/** Noted in the database and not in the journal: nothing was sent. */
async function release(room: Room, intent: IntentRow): Promise<void> {
  const claim = await claimOf(room.pool, intent);
  await transaction(room.pool, async (tx) => {
    if (claim) await releaseClaim(tx, claim);
    else await endIntent(tx, intent.id, 'released');
  });
}
