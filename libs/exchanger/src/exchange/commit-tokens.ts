import { postponeProbesOfGrant, storeMissingScopes, transaction, type Tx } from '#persistence/sql';
import { providerOf, type TokenSet } from '#providers';
import { afterTokens, fateOfLatePair, type GrantFacts, type LateFate } from '#tokens/protocol';
import type { ExchangerContext } from '../exchanger-context.js';
import { type AppRow, applyHealth, changeGrant, endIntent, lockGrant, markAppActive, readIntent } from '#tokens/store';
import { offersRevocation, queueRevocation, type RefreshOutcome } from '#tokens';
import { isRecovered, type PreparedRefresh } from './prepared-refresh.js';
import { tryRevocation } from './revoke-tokens.js';
import { allStored, retryUntilStored } from './store-result.js';

/**
 * Stores a new pair under the next version. If the version of the grant has changed, the pair is kept as an orphan or
 * revoked, never dropped. A pair that is found stored is ours: only the answer of the database was lost.
 */
export async function commitTokens(
  context: ExchangerContext,
  refresh: PreparedRefresh,
  tokens: TokenSet,
): Promise<RefreshOutcome> {
  const { grant } = refresh.claim;
  const { fate, revocation } = await retryUntilStored(context.logger, { grant: grant.id }, () =>
    storeOrKeep(context, refresh, tokens),
  );
  context.at?.('W6');
  if (revocation && !isRecovered(refresh)) await tryRevocation(context, revocation);
  if (fate === 'stored') recordRemainingLife(context, refresh);
  return fate === 'stored' ? { kind: 'refreshed' } : { kind: 'nothing_to_do' };
}

function recordRemainingLife({ metrics }: ExchangerContext, { claim: { grant, now } }: PreparedRefresh): void {
  if (grant.accessExpiresAt)
    metrics.lifeLeft(grant.provider, (grant.accessExpiresAt.getTime() - now.getTime()) / 1_000);
}

interface Stored {
  fate: 'stored' | LateFate;
  /** Of a pair that is not kept. */
  revocation?: string | undefined;
}

async function storeOrKeep(context: ExchangerContext, refresh: PreparedRefresh, tokens: TokenSet): Promise<Stored> {
  try {
    await transaction(context.pool, (tx) => store(context, tx, refresh, tokens));
    return { fate: 'stored' };
  } catch (error) {
    if (!(error instanceof VersionChanged)) throw error;
    return transaction(context.pool, (tx) => keepLatePair(context, tx, refresh, tokens));
  }
}

/** The version of the grant is not the one that was sent: the transaction is rolled back. */
class VersionChanged extends Error {}

const MOMENTS = `
  select db_now() as now, coalesce((select dispatched_at from exchange_intents where id = $1), db_now()) as "dispatchedAt"`;

async function momentsOf(tx: Tx, intentId: string): Promise<{ now: Date; dispatchedAt: Date }> {
  const { rows } = await tx.query<{ now: Date; dispatchedAt: Date }>(MOMENTS, [intentId]);
  return rows[0] ?? { now: new Date(NaN), dispatchedAt: new Date(NaN) };
}

/** The grant is locked before an app whose row changes, as by a deletion of the app. */
async function activateApp(tx: Tx, app: AppRow, grantId: string): Promise<void> {
  if (app.status !== 'active' || app.secretTurnIn !== null) await lockGrant(tx, grantId);
  await markAppActive(tx, app, 'token');
}

/**
 * Independent statements are pipelined in this order: round trips limit the throughput of an exchanger. The app comes first,
 * because the health of the accounts depends on it.
 */
async function store(
  context: ExchangerContext,
  tx: Tx,
  { claim, app, tokens: before, sent }: PreparedRefresh,
  tokens: TokenSet,
): Promise<void> {
  const { grant, intentId, claimedAt } = claim;
  const moments = await momentsOf(tx, intentId);
  const rotates =
    tokens.refreshToken !== null && tokens.refreshToken.reveal() !== sent.reveal() && grant.mode === 'static';
  const change = afterTokens(grant, tokens, providerOf(grant.provider).token.defaultLife, {
    ...moments,
    random: context.random,
  });
  const pair = { access: tokens.accessToken, refresh: tokens.refreshToken ?? before.refresh, previous: sent };
  await activateApp(tx, app, grant.id);
  const version = await allStored(
    changeGrant(tx, grant, rotates ? { ...change, mode: 'rotating_strict' } : change, { rotate: true, claimedAt }),
    context.vault.sealGrantTokens(tx, grant, String(BigInt(grant.tokenVersion) + 1n), pair),
    endIntent(tx, intentId, 'committed'),
    context.vault.shredOrphansBeforeExchange(tx, grant.id, intentId),
    postponeProbesOfGrant(tx, grant.id, providerOf(grant.provider).probe.every / 1_000),
    tokens.scopes ? compareScopes(tx, grant, tokens.scopes) : null,
    applyHealth(tx, grant.id, 'account.refreshed'),
  );
  if (version === undefined) throw new VersionChanged();
}

/** Scopes in an answer hold for every account of the grant. */
async function compareScopes(tx: Tx, grant: GrantFacts, granted: readonly string[]): Promise<void> {
  const missing = providerOf(grant.provider).scopes.required.filter((scope) => !granted.includes(scope));
  await storeMissingScopes(tx, grant.id, missing);
}

/** After a reconnect the late pair becomes an orphan beside the current one; after a disconnect it is unwanted. */
async function keepLatePair(
  context: ExchangerContext,
  tx: Tx,
  { claim: { grant, intentId }, app }: PreparedRefresh,
  tokens: TokenSet,
): Promise<Stored> {
  const committed = (await readIntent(tx, intentId))?.state === 'committed';
  const hasValidPair = (await context.vault.openGrantTokens(tx, grant)) !== null;
  const fate = fateOfLatePair({ committed, hasValidPair });
  if (fate === 'orphan') await context.vault.sealOrphan(tx, { ...grant, id: intentId }, tokens);
  if (fate !== 'stored') await endIntent(tx, intentId, 'answered', 'late');
  const isRevocable = fate === 'unwanted' && offersRevocation(grant.provider);
  return {
    fate,
    revocation: isRevocable ? await queueRevocation(context, tx, { ...grant, oauthAppId: app.id, tokens }) : undefined,
  };
}
