import { SealBroken } from '#crypto';
import type { Secret } from '#observability';
import { newId, type Environment, together, transaction, type Tx } from '#persistence/sql';
import { findProvider } from '#providers';
import type { GrantTokens, RefreshOutcome } from '#tokens';
import { afterFailure, type GrantFacts, isFresh, isSpentOnce, SEAL_BROKEN } from '#tokens/protocol';
import {
  type AppRow,
  type Claim,
  claimGrant,
  claimOf,
  type ClaimOptions,
  passSecretTurn,
  readApp,
  readIntent,
  releaseClaim,
  reportBrokenSeal,
  SEAL_RETRY_AFTER_SECONDS,
  waitOf,
} from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';
import { type Admission, type AdmissionRequest, Draining, type Rejection } from '../gate/gate.js';
import { readUnclaimed, type UnclaimedGrant } from '../store/unclaimed-grants.js';
import type { PreparedRefresh } from './prepared-refresh.js';
import { RefreshExchange } from './refresh-exchange.js';
import { renewProfiles } from './renew-profiles.js';
import { runExchange } from './run-exchange.js';
import { releaseForPausedApp, scheduleNextCheck, storeProviderGone } from './store-failure.js';
import { retryUntilStored, storeResult } from './store-result.js';

/**
 * One refresh of one grant: gate, claim, check again, exchange. `busy`: another process holds the claim.
 * Throws `Draining` when this process ends before the request is admitted.
 */
export async function refreshGrant(
  context: ExchangerContext,
  grantId: string,
  forced: boolean,
): Promise<RefreshOutcome | 'busy'> {
  const outcome = await refreshOnce(context, grantId, forced);
  if (outcome !== 'lost') return outcome;
  // After a lost answer the token is sent once more before any other work: a grace period is short.
  const again = await refreshOnce(context, grantId, false);
  return again === 'lost' ? { kind: 'unavailable', retryAfter: 60 } : again;
}

type Outcome = RefreshOutcome | 'busy' | 'lost';

const ASIDE_RETRY_AFTER_SECONDS = 3_600;

/** Sent again, the token would end the pair that is set aside. */
const mustKeepPair = ({ journal }: ExchangerContext, grant: UnclaimedGrant): boolean =>
  isSpentOnce(grant) && journal.aside(grant.grantId) !== undefined;

async function refreshOnce(context: ExchangerContext, grantId: string, forced: boolean): Promise<Outcome> {
  const unclaimed = await readUnclaimed(context.pool, grantId, forced);
  if (!unclaimed) return { kind: 'nothing_to_do' };
  const nothing = nothingToSend(unclaimed, forced);
  if (nothing) return nothing;
  if (!findProvider(unclaimed.provider)) return storeProviderGone(context, grantId, forced);
  if (mustKeepPair(context, unclaimed)) return { kind: 'unavailable', retryAfter: ASIDE_RETRY_AFTER_SECONDS };
  const admission = await requestAdmission(context, unclaimed);
  if (admission.kind === 'rejected' && admission.why === 'draining') throw new Draining();
  return admission.kind === 'rejected'
    ? { kind: 'unavailable', retryAfter: admission.retryAfter }
    : send(context, unclaimed, { forced, admission });
}

function nothingToSend({ state, due }: UnclaimedGrant, forced: boolean): RefreshOutcome | 'busy' | undefined {
  if (state === 'ended') return { kind: 'refused' };
  if (state === 'claimed' || state === 'in_flight') return 'busy';
  return forced || due ? undefined : { kind: 'nothing_to_do' };
}

const FREE: Admission = { kind: 'admitted', release: () => undefined };

const hasApp = (unclaimed: UnclaimedGrant): unclaimed is UnclaimedGrant & AdmissionRequest => unclaimed.appId !== null;

/** A grant without an app needs no admission: nothing will be sent. */
function requestAdmission(
  context: ExchangerContext,
  unclaimed: UnclaimedGrant,
): Admission | Rejection | Promise<Admission | Rejection> {
  if (!context.journal.writable()) return { kind: 'rejected', why: 'full', retryAfter: 5 };
  return hasApp(unclaimed) ? context.gate.enter(unclaimed) : FREE;
}

async function send(
  context: ExchangerContext,
  unclaimed: UnclaimedGrant,
  { forced, admission }: { forced: boolean; admission: Admission },
): Promise<Outcome> {
  const intentId = newId();
  let exchange: RefreshExchange | undefined;
  try {
    const { claim, ...opened } = await claimAndOpen(context, unclaimed, { holder: context.holder, forced, intentId });
    if (!claim) return 'busy';
    context.at?.('W1');
    const prepared = await prepareRefresh(context, claim, { ...opened, inGrace: unclaimed.inGrace === true });
    if ('kind' in prepared) return prepared;
    exchange = new RefreshExchange(context, prepared);
    return await exchangeAndRenew(context, exchange, prepared);
  } catch (error) {
    const isBroken = error instanceof SealBroken;
    const released = releaseAfterError(context, intentId, isBroken);
    if (!isBroken) throw error;
    await released;
    await reportBrokenSeal(context, error);
    return { kind: 'unavailable', retryAfter: SEAL_RETRY_AFTER_SECONDS, isSealBroken: true };
  } finally {
    release(admission, exchange);
  }
}

async function exchangeAndRenew(
  context: ExchangerContext,
  exchange: RefreshExchange,
  { claim, app }: PreparedRefresh,
): Promise<Outcome> {
  try {
    const outcome = await runExchange<RefreshOutcome | 'lost'>(context, exchange);
    if (outcome !== 'lost' && outcome.kind === 'refreshed') await tryToRenew(context, claim.grant);
    return outcome;
  } finally {
    await passTurn(context, app);
  }
}

/** Without the database the turn ends by its time. */
async function passTurn({ pool, logger }: ExchangerContext, app: AppRow): Promise<void> {
  try {
    await passSecretTurn(pool, app);
  } catch (error) {
    logger.warn({ err: error, oauthApp: app.id }, 'refresh.turn_not_passed');
  }
}

/** The refresh is stored by now. If the profiles cannot be read, the next refresh reads them. */
async function tryToRenew(context: ExchangerContext, grant: GrantFacts): Promise<void> {
  try {
    await renewProfiles(context, grant);
  } catch (error) {
    context.logger.warn({ err: error, grant: grant.id }, 'refresh.profiles_not_read');
  }
}

/** Nothing can be sent. A new secret of the app makes the grants of its class due. */
const SEALED = { class: 'app', reason: SEAL_BROKEN, code: SEAL_BROKEN } as const;

/**
 * The database may have stored the claim although its answer was lost: the claim is released as soon as the database answers.
 * After a broken seal the next try is delayed like one after a failure.
 */
async function releaseAfterError(context: ExchangerContext, intentId: string, broken: boolean): Promise<void> {
  await retryUntilStored(context.logger, { intent: intentId }, async () => {
    const intent = await readIntent(context.pool, intentId);
    const claim = intent?.state === 'prepared' ? await claimOf(context.pool, intent) : undefined;
    if (claim && broken)
      await storeResult(context, claim, 'released', (now) =>
        afterFailure(claim.grant, SEALED, { now, random: context.random }),
      );
    else if (claim) await transaction(context.pool, (tx) => releaseClaim(tx, claim));
  });
}

function release(admission: Admission, exchange: RefreshExchange | undefined): void {
  if (exchange) admission.release(exchange.requestResult, exchange.countsForBreaker);
  else admission.release('unsent');
}

interface Opened {
  app: AppRow | undefined;
  tokens: GrantTokens | null;
  clientSecret: Secret | null;
}

/** Claims and reads in one round trip; in two where the grant came to another app while it waited. */
export function claimAndOpen(
  context: ExchangerContext,
  { grantId, appId, appWorkspaceId, workspaceId, environment }: UnclaimedGrant,
  options: ClaimOptions,
): Promise<Opened & { claim: Claim | undefined }> {
  return together(context.pool, async (tx) => {
    const [claim, tokens, expected] = await Promise.all([
      claimGrant(tx, grantId, options),
      context.vault.openGrantTokens(tx, { workspaceId, environment, id: grantId }),
      openAppOf(context, tx, { id: appId, workspaceId: appWorkspaceId, environment }),
    ]);
    const moved = claim && claim.grant.oauthAppId !== appId;
    return { claim, tokens, ...(moved ? await openAppNow(context, tx, claim.grant) : expected) };
  });
}

async function openAppOf(
  context: ExchangerContext,
  tx: Tx,
  app: { id: string | null; workspaceId: string | null; environment: Environment },
): Promise<Omit<Opened, 'tokens'>> {
  const { id, workspaceId, environment } = app;
  const [row, clientSecret] = await Promise.all([
    readApp(tx, id),
    id === null || workspaceId === null ? null : context.vault.openClientSecret(tx, { id, workspaceId, environment }),
  ]);
  return { app: row, clientSecret };
}

async function openAppNow(
  { vault }: ExchangerContext,
  tx: Tx,
  { oauthAppId }: GrantFacts,
): Promise<Omit<Opened, 'tokens'>> {
  const app = await readApp(tx, oauthAppId);
  return { app, clientSecret: app ? await vault.openClientSecret(tx, app) : null };
}

/** Checks again after the claim: is there a token to send, is the refresh due, may the app be used? */
async function prepareRefresh(
  context: ExchangerContext,
  claim: Claim,
  { app, tokens, clientSecret, inGrace }: Opened & { inGrace: boolean },
): Promise<PreparedRefresh | RefreshOutcome> {
  const { grant, now } = claim;
  const sent = tokens && tokenToSend(grant, tokens);
  if (!sent || !app) return scheduleNextCheck(context, claim);
  if (isFresh(grant, now)) {
    await transaction(context.pool, (tx) => releaseClaim(tx, claim));
    return { kind: 'fresh' };
  }
  const pausedFor = await waitOf(context.pool, app, { inGrace });
  if (pausedFor > 0) return releaseForPausedApp(context, claim, { pausedFor });
  return { claim, app, tokens, sent, clientSecret };
}

/** The refresh token, or the access token where that one is extended; null: there is nothing to send. */
export function tokenToSend({ mode }: GrantFacts, tokens: GrantTokens): Secret | null {
  if (mode === 'none') return null;
  return mode === 'extend_self' ? tokens.access : tokens.refresh;
}
