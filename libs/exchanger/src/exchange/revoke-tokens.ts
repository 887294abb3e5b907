import { SealBroken } from '#crypto';
import { scheduleProbesNow, transaction } from '#persistence/sql';
import {
  type AppCredentials,
  type Failure,
  providerOf,
  readRevocationAnswer,
  type TokenRefresh,
  type TokenSet,
} from '#providers';
import { API_DEADLINE, identify, keepAsOrphan, type RevocationSecrets } from '#tokens';
import type { GrantFacts } from '#tokens/protocol';
import {
  APP_REFUSED,
  beginTry,
  endRevocation,
  markAppActive,
  nameRevocation,
  openApp,
  type PendingRevocation,
  postponeRevocation,
  readApp,
  reportAppFailure,
  reportBrokenSeal,
} from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';
import { findActiveGrant, type PersonOfClient } from '../store/active-grant.js';
import { consentMayCome } from '../store/waiting-token-sets.js';
import { type Revocable, renewToRevoke } from './renew-to-revoke.js';

/**
 * The result of one try. `spared`: an active grant of the same person would end with these tokens. `not_offered`: the platform
 * has no such call. `no_app`: app and secret are gone. These and `revoked` are final; the others are tried again, `refused` a few
 * times only, because one refusal may be a wrong answer and a token that stays valid does harm:
 * `consent_pending`: a consent of the same client waits or comes, and may be this person's; `unidentified`: there are active
 * grants of the client, and the platform did not answer whose these tokens are; `unanswered`: the platform or the database
 * failed, or the person has to act there first; `app_refused`: the platform refused the app, whose owner can mend it.
 */
type Outcome = 'revoked' | 'refused' | 'spared' | 'not_offered' | 'no_app' | Postponed;
type Postponed = 'consent_pending' | 'unidentified' | 'unanswered' | typeof APP_REFUSED;

const POSTPONED: readonly Outcome[] = ['consent_pending', 'unidentified', 'unanswered', APP_REFUSED];

/** Seconds between the requests of one revocation; the last pause repeats until the revocation ends. */
const PAUSES_IN_SECONDS = [5, 20, 60, 120, 300, 600, 900] as const;
const LAST_PAUSE_IN_SECONDS = 900;
/** With the pauses above a refusal stands after eight minutes. */
const MAX_REFUSALS = 6;
/** A new secret ends this pause; an app that is corrected at the platform waits for its end. */
const APP_PAUSE_IN_SECONDS = 900;
/** Where a platform requests a longer pause, the revocation is retried before its period ends all the same. */
const MAX_PAUSE_IN_SECONDS = 6 * 60 * 60;

/**
 * Sends a stored revocation, if it is due: revokes at the platform, unless that could end more than these tokens. Where the
 * same person has an active grant at the same client id by now, they are kept beside it. Every try checks that again. True:
 * the platform revoked them. It never throws: what is not stored is tried again.
 */
export async function tryRevocation(context: ExchangerContext, id: string): Promise<boolean> {
  try {
    const revocation = await beginTry(context.pool, id);
    if (!revocation) return false;
    const result = await tryOnce(context, revocation).catch(async (error: unknown) => {
      if (error instanceof SealBroken) await reportBrokenSeal(context, error);
      context.logger.warn({ err: error, revocation: id, provider: revocation.provider }, 'revocation.failed');
      return { outcome: 'unanswered' as const };
    });
    await store(context, revocation, result);
    return result.outcome === 'revoked';
  } catch (error) {
    context.logger.warn({ err: error, revocation: id }, 'revocation.not_stored');
    return false;
  }
}

interface Result {
  outcome: Outcome;
  /** Seconds, as the platform requests. */
  pause?: number | undefined;
}

async function store(
  { pool, logger, random }: ExchangerContext,
  revocation: PendingRevocation,
  { outcome, pause = 0 }: Result,
): Promise<void> {
  const { id, provider, oauthAppId, tries } = revocation;
  const facts = { revocation: id, provider, oauthApp: oauthAppId, outcome, tries };
  if (isFinal(revocation, outcome)) {
    await endRevocation(pool, id);
    logger.info(facts, 'revocation.settled');
    return;
  }
  const own = (PAUSES_IN_SECONDS[tries - 1] ?? LAST_PAUSE_IN_SECONDS) * (0.8 + 0.4 * random());
  const seconds = Math.max(own, Math.min(pause, MAX_PAUSE_IN_SECONDS));
  await postponeRevocation(pool, id, { outcome, seconds });
  logger[outcome === 'consent_pending' ? 'info' : 'warn'](
    { ...facts, seconds: Math.round(seconds) },
    'revocation.postponed',
  );
}

function isFinal({ tries, lastOutcome }: PendingRevocation, outcome: Outcome): boolean {
  if (outcome === 'refused') return lastOutcome === 'refused' && tries >= MAX_REFUSALS;
  return !POSTPONED.includes(outcome);
}

async function tryOnce(context: ExchangerContext, revocation: PendingRevocation): Promise<Result> {
  const kept = await context.vault.openRevocation(context.pool, revocation);
  const app = kept && (await credentialsOf(context, revocation, kept));
  if (!app) return { outcome: 'no_app' };
  const person = { ...revocation, clientId: app.clientId };
  const reason = await findReason(context, person, kept.tokens);
  if (reason) return { outcome: reason };
  if (!providerOf(revocation.provider).revoke) return { outcome: 'not_offered' };
  const failure = await revoke(context, revocation, { app, kept });
  await reportToApp(context, revocation, failure);
  await probeSoon(context, person);
  return resultOf(failure);
}

async function credentialsOf(
  { pool, vault }: ExchangerContext,
  { oauthAppId, clientId }: PendingRevocation,
  { clientSecret }: RevocationSecrets,
): Promise<AppCredentials | undefined> {
  const app = await readApp(pool, oauthAppId);
  if (app) return openApp(pool, vault, app);
  return clientSecret ? { clientId, clientSecret } : undefined;
}

type Person = PersonOfClient & PendingRevocation;

/** Identifies the owner of the tokens only where that decides. */
async function findReason(context: ExchangerContext, person: Person, tokens: TokenSet): Promise<Outcome | undefined> {
  const reason = await reasonToSpare(context, person, tokens);
  if (!reason || person.platformUserId !== null) return reason;
  const named = await identify(context, person, tokens.accessToken, tokens.scopes ?? []);
  if (!named.ok) return 'unidentified';
  person.platformUserId = named.identity.platformUserId;
  await nameRevocation(context.pool, person.id, person.platformUserId);
  return reasonToSpare(context, person, tokens);
}

const isOwn = (active: GrantFacts, { platformUserId, oauthAppId, workspaceId }: Person): boolean =>
  platformUserId !== null &&
  active.platformUserId === platformUserId &&
  active.oauthAppId === oauthAppId &&
  active.workspaceId === workspaceId;

function reasonToSpare(context: ExchangerContext, person: Person, tokens: TokenSet): Promise<Outcome | undefined> {
  return transaction(context.pool, async (tx) => {
    // Before the grant: a consent that is stored between the two queries shows in the second.
    const isAwaited = providerOf(person.provider).revoke !== undefined && (await consentMayCome(tx, person));
    const active = await findActiveGrant(tx, person);
    // A pair is no fallback of another person's grant, nor of an unknown one's, nor of one in another workspace.
    if (active && isOwn(active, person)) {
      await keepAsOrphan(context, tx, { ...active, holder: context.holder }, tokens);
      await endRevocation(tx, person.id);
    }
    if (active) return 'spared';
    return isAwaited ? 'consent_pending' : undefined;
  });
}

/** Why the tokens are not revoked; undefined: the platform has revoked them. */
async function revoke(
  context: ExchangerContext,
  revocation: PendingRevocation,
  { app, kept }: Revocable,
): Promise<Failure | undefined> {
  const failure = await send(context, revocation, { app, tokens: kept.tokens });
  const { revokesAccessTokens } = providerOf(revocation.provider);
  if (!failure || !revokesAccessTokens || resultOf(failure).outcome !== 'refused') return failure;
  const renewed = await renewToRevoke(context, revocation, { app, kept });
  if (!renewed?.ok) return renewed?.failure ?? failure;
  return send(context, revocation, { app, tokens: renewed.tokens });
}

async function send(
  context: ExchangerContext,
  { provider: name, environment }: PendingRevocation,
  { app, tokens }: Pick<TokenRefresh, 'app'> & { tokens: TokenSet },
): Promise<Failure | undefined> {
  const provider = providerOf(name);
  if (!provider.revoke) return undefined;
  const request = provider.revoke({ ...tokens, app });
  return readRevocationAnswer(provider, await context.client.send(request, { environment, within: API_DEADLINE }));
}

function resultOf(failure: Failure | undefined): Result {
  if (!failure) return { outcome: 'revoked' };
  const { class: failureClass, retryAfter = 0 } = failure;
  if (failureClass === 'app') return { outcome: APP_REFUSED, pause: Math.max(retryAfter, APP_PAUSE_IN_SECONDS) };
  // Tokens that are refused at a checkpoint work again after it.
  const passes = failureClass === 'temporary' || failureClass === 'owner';
  return passes ? { outcome: 'unanswered', pause: retryAfter } : { outcome: 'refused' };
}

/**
 * The status of the app by this answer, as one of the API: a refusal here holds back no refresh, because the token endpoint
 * may accept the app. A success ends only a status that the refusal of this same revocation has set: an app that may revoke
 * may still be refused elsewhere.
 */
async function reportToApp(
  { pool }: ExchangerContext,
  { provider, oauthAppId, lastOutcome }: PendingRevocation,
  failure: Failure | undefined,
): Promise<void> {
  if (providerOf(provider).revokeIsUndocumented) return;
  if (failure) return reportAppFailure(pool, oauthAppId, failure);
  if (lastOutcome !== APP_REFUSED) return;
  const app = await readApp(pool, oauthAppId);
  if (app && app.status !== 'active') await transaction(pool, (tx) => markAppActive(tx, app, 'api'));
}

/** A consent that came while the revocation was under way may have ended with it: its probe shows that within a minute. */
async function probeSoon(context: ExchangerContext, person: PersonOfClient): Promise<void> {
  const active = await findActiveGrant(context.pool, person);
  if (active) await scheduleProbesNow(context.pool, { grantId: active.id });
}
