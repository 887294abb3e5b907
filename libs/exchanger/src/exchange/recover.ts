import { codeOf, Secret } from '#observability';
import { newId, transaction } from '#persistence/sql';
import type { PlatformAnswer } from '#providers';
import type { JournaledIntent, Unsettled } from '../journal/journal.js';
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
  restoreCode,
  restoreRefresh,
} from '#tokens/store';
import type { CodeOutcome, RefreshOutcome } from '#tokens';
import { decideRecovery, type GrantFacts, type LeftExchange, type Recovery } from '#tokens/protocol';
import { CodeExchange } from './code-exchange.js';
import type { PreparedRefresh } from './prepared-refresh.js';
import { tokenToSend } from './refresh.js';
import { RefreshExchange } from './refresh-exchange.js';
import { idsOf, resumeExchange } from './run-exchange.js';
import { isRefusedByDatabase, retryUntilStored } from './store-result.js';

/** An exchange that an earlier process has not settled. */
export interface Left extends Unsettled {
  /** False: the database alone has noted it. */
  inJournal: boolean;
}

/**
 * Settles one exchange of an earlier process: a journaled answer is stored, a request without an answer becomes unknown. What
 * cannot be stored is set aside in the journal, and stops nothing else. It calls a platform only where a code has to be
 * exchanged further; refusals and revocations are left to ordinary work.
 */
export async function settleLeft(
  context: ExchangerContext,
  one: Left,
  isOwn: boolean,
): Promise<'settled' | 'unknown' | 'aside'> {
  const { intent, answer } = one;
  return retryUntilStored(context.logger, idsOf(intent), async () => {
    try {
      return await settle(context, one, isOwn);
    } catch (error) {
      if (!isOfItsOwn(error)) throw error;
      await context.journal.setAside({ intent, answer });
      context.logger.error({ err: error, ...idsOf(intent) }, 'recovery.entry_set_aside');
      return 'aside';
    }
  });
}

async function settle(context: ExchangerContext, one: Left, isOwn: boolean): Promise<'settled' | 'unknown' | 'aside'> {
  const { intentId, subjectId } = one.intent;
  const outcome = await conclude(context, one, isOwn);
  if (outcome === NOTHING) context.journal.settled(intentId);
  if (context.journal.aside(subjectId)?.intent.intentId === intentId) return 'aside';
  return outcome === 'lost' ? 'unknown' : 'settled';
}

async function conclude(context: ExchangerContext, one: Left, isOwn: boolean): Promise<Concluded> {
  const known = await readIntent(context.pool, one.intent.intentId);
  const recovery = decideRecovery({ journal: latestRecord(one), intent: known?.state ?? 'missing', isOwn });
  const intent = known ?? (await restoreIntent(context, one.intent));
  return intent ? carryOut(context, recovery, { intent, answer: one.answer }) : NOTHING;
}

/** A stored answer whose tokens the database has lost: stored by its version, whatever the database has of its exchange. */
export async function storeAgain(context: ExchangerContext, { intent, answer }: Unsettled): Promise<void> {
  const known = (await readIntent(context.pool, intent.intentId)) ?? (await restoreIntent(context, intent));
  if (!known || !answer) return;
  context.logger.error(idsOf(intent), 'recovery.database_behind');
  await resume(context, known, answer);
}

const latestRecord = ({ answer, inJournal }: Left): LeftExchange['journal'] => {
  if (answer !== null) return 'answer';
  return inJournal ? 'dispatch' : 'nothing';
};

/** A failover has lost it. Undefined: its grant or its attempt is deleted as well. */
async function restoreIntent(
  { pool, holder }: ExchangerContext,
  { intentId, kind, subjectId, version, claimedAt }: JournaledIntent,
): Promise<IntentRow | undefined> {
  const restore = kind === 'refresh' ? restoreRefresh : restoreCode;
  await restore(pool, {
    ...{ intentId, subjectId, version, holder },
    claimedAt: claimedAt === undefined ? null : new Date(claimedAt),
  });
  return readIntent(pool, intentId);
}

async function carryOut(
  context: ExchangerContext,
  recovery: Recovery,
  { intent, answer }: { intent: IntentRow; answer: PlatformAnswer | null },
): Promise<Concluded> {
  if (recovery === 'store' || recovery === 'unknown') return resume(context, intent, answer);
  if (recovery === 'release') await release(context, intent);
  return NOTHING;
}

/** Nothing is to be concluded, or grant, attempt or app are deleted: there is no place for an answer. */
const NOTHING = Symbol('nothing to conclude');
type Concluded = RefreshOutcome | CodeOutcome | 'lost' | typeof NOTHING;

/** A row that does not open, a provider that was removed, or values that the database refuses. */
const isOfItsOwn = (error: unknown): boolean =>
  ['crypto.seal_broken', 'provider.gone'].includes(codeOf(error) ?? '') || isRefusedByDatabase(error);

async function resume(context: ExchangerContext, intent: IntentRow, answer: PlatformAnswer | null): Promise<Concluded> {
  context.logger.warn({ intent: intent.id, answered: answer !== null }, 'recovery.resumed');
  if (intent.attemptId) return resumeCode(context, intent, answer);
  const claim = await claimOf(context.pool, intent);
  const app = claim && ((await readAppBefore(context, claim.grant.oauthAppId)) ?? (answer && deletedApp(claim.grant)));
  return app ? resumeRefresh(context, { claim, app }, answer) : NOTHING;
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

async function resumeCode(
  context: ExchangerContext,
  intent: IntentRow,
  answer: Unsettled['answer'],
): Promise<CodeOutcome | typeof NOTHING> {
  const attempt = await readAttempt(context.pool, intent.attemptId ?? '');
  const app = attempt && (await readAppBefore(context, attempt.oauthAppId));
  if (!app) return NOTHING;
  return resumeExchange(context, new CodeExchange(context, attempt, app, { intentId: intent.id, code: null }), answer);
}

/** Neither the journal nor the database has noted the dispatch. */
async function release(context: ExchangerContext, intent: IntentRow): Promise<void> {
  const claim = await claimOf(context.pool, intent);
  await transaction(context.pool, async (tx) => {
    if (claim) await releaseClaim(tx, claim);
    else await endIntent(tx, intent.id, 'released');
  });
}
