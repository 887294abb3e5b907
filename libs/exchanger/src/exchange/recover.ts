import { codeOf, Secret } from '#observability';
import { newId, transaction } from '#persistence/sql';
import type { PlatformAnswer } from '#providers';
import type { Unsettled } from '../journal/journal.js';
import type { ExchangerContext } from '../exchanger-context.js';
import {
  type AppRow,
  claimOf,
  endIntent,
  type IntentRow,
  readApp,
  readAttempt,
  readIntent,
  releaseClaim,
  unendedIntents,
} from '#tokens/store';
import type { RefreshOutcome } from '#tokens';
import type { GrantFacts } from '#tokens/protocol';
import { CodeExchange } from './code-exchange.js';
import type { PreparedRefresh } from './prepared-refresh.js';
import { tokenToSend } from './refresh.js';
import { RefreshExchange } from './refresh-exchange.js';
import { idsOf, resumeExchange } from './run-exchange.js';

/**
 * Settles what the previous process left: journaled answers are stored, requests without an answer become unknown, claims that
 * sent nothing are released. Returns the grants with an unknown outcome, which are retried before any other work. The caller
 * must hold the journal: only then has the previous process ended.
 */
export async function recover(context: ExchangerContext, left: readonly Unsettled[]): Promise<string[]> {
  const unknown: string[] = [];
  const kept = new Set<string>();
  for (const one of left) {
    const settled = await settleOne(context, one).catch((error: unknown) => keep(context, one, error));
    if (settled === 'kept') kept.add(one.intent.intentId);
    else if (settled) unknown.push(settled);
  }
  for (const intent of await unendedIntents(context.pool, context.holder))
    if (!kept.has(intent.id)) await release(context, intent);
  return unknown;
}

/** Returns the grant if its outcome is unknown. */
async function settleOne(context: ExchangerContext, one: Unsettled): Promise<string | null> {
  const intent = await readIntent(context.pool, one.intent.intentId);
  const outcome = intent && isOpen(intent) ? await resume(context, intent, one) : undefined;
  context.journal.settled(one.intent.intentId);
  return outcome === 'lost' && intent ? intent.grantId : null;
}

/** A row that does not open, or a provider that was removed, must not block other refreshes: its entry stays in the journal. */
function keep(context: ExchangerContext, { intent }: Unsettled, error: unknown): 'kept' {
  if (!OF_ITS_OWN.includes(codeOf(error) ?? '')) throw error;
  context.logger.error({ err: error, ...idsOf(intent) }, 'recovery.entry_kept');
  return 'kept';
}

const OF_ITS_OWN = ['crypto.seal_broken', 'provider.gone'];

const isOpen = ({ state }: IntentRow): boolean => state === 'prepared' || state === 'dispatched';

async function resume(
  context: ExchangerContext,
  intent: IntentRow,
  { answer }: Unsettled,
): Promise<RefreshOutcome | 'lost' | undefined> {
  context.logger.warn({ intent: intent.id, answered: answer !== null }, 'recovery.resumed');
  if (intent.attemptId) {
    await resumeCode(context, intent, answer);
    return undefined;
  }
  const claim = await claimOf(context.pool, intent);
  const app = claim && ((await readAppBefore(context, claim.grant.oauthAppId)) ?? (answer && deletedApp(claim.grant)));
  return app ? resumeRefresh(context, { claim, app }, answer) : undefined;
}

/** The secret that the ended process sent is not known: its answers prove nothing about the present one. */
async function readAppBefore({ pool }: ExchangerContext, appId: string | null): Promise<AppRow | undefined> {
  const app = await readApp(pool, appId);
  return app && { ...app, secretVersion: '0' };
}

/** Stands for an app that was deleted while the answer waited: the pair is stored, as in a process that continues. */
const deletedApp = ({ workspaceId, environment, provider }: GrantFacts): AppRow => ({
  id: newId(),
  workspaceId,
  environment,
  provider,
  clientId: '',
  secretVersion: '0',
  status: 'active',
  statusSource: null,
  pausedFor: 0,
  secretTurnIn: null,
  shut: false,
});

async function resumeRefresh(
  context: ExchangerContext,
  { claim, app }: Pick<PreparedRefresh, 'claim' | 'app'>,
  answer: PlatformAnswer | null,
): Promise<RefreshOutcome | 'lost'> {
  const tokens = (await context.vault.openGrantTokens(context.pool, claim.grant)) ?? DESTROYED;
  const sent = tokenToSend(claim.grant, tokens) ?? DESTROYED.access;
  return resumeExchange<RefreshOutcome | 'lost'>(
    context,
    new RefreshExchange(context, { claim, app, tokens, sent, clientSecret: null }),
    answer,
  );
}

/** Stands for the pair of a grant that was disconnected meanwhile. Its version has changed, so nothing is stored from it. */
const DESTROYED = { access: new Secret(''), refresh: null, previous: null };

async function resumeCode(context: ExchangerContext, intent: IntentRow, answer: Unsettled['answer']): Promise<void> {
  const attempt = await readAttempt(context.pool, intent.attemptId ?? '');
  const app = attempt && (await readAppBefore(context, attempt.oauthAppId));
  if (app)
    await resumeExchange(context, new CodeExchange(context, attempt, app, { intentId: intent.id, code: null }), answer);
}

/** An intent in the database without a journal entry: nothing was sent. */
async function release(context: ExchangerContext, intent: IntentRow): Promise<void> {
  const claim = await claimOf(context.pool, intent);
  await transaction(context.pool, async (tx) => {
    if (claim) await releaseClaim(tx, claim);
    else await endIntent(tx, intent.id, 'released');
  });
}
