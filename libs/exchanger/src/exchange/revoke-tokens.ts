import { setTimeout as pause } from 'node:timers/promises';
import { seconds } from '#config';
import { scheduleProbesNow, transaction } from '#persistence/sql';
import { type AppCredentials, type Provider, providerOf, readRevocationAnswer, type TokenSet } from '#providers';
import { keepAsOrphan } from './orphans.js';
import { API_DEADLINE, identify, type RevocableTokens } from '#tokens';
import type { ExchangerContext } from '../exchanger-context.js';
import { type CodeAttempt, openApp, readApp } from '#tokens/store';
import { findLiving, type PersonOfClient } from '../store/living-grant.js';
import { tokenSetComes, tokenSetWaits } from '../store/waiting-token-sets.js';

/**
 * What became of a revocation. `spared`: it could end a living grant of the same person. `consent_coming`: a code of the app
 * is being exchanged, and may be this person's. `unanswered`: the platform failed, or the database did. `no_app`: app and
 * secret are gone. `not_offered`: the platform has no such call.
 */
type Revocation = 'revoked' | 'refused' | 'unanswered' | 'spared' | 'consent_coming' | 'no_app' | 'not_offered';

const TRIED_AGAIN: readonly Revocation[] = ['unanswered', 'consent_coming'];
/** Between the tries of one revocation, in milliseconds: a caller waits four minutes for all of them. */
export const REVOCATION_PAUSES: readonly number[] = [seconds(1), seconds(5), seconds(20)];

/**
 * Revokes at the platform, unless that could end more than these tokens: where the same person has a living grant at the
 * same client id by now, they are kept beside it; where one may be on its way, they are left to end by themselves.
 */
export async function revokeTokens(context: ExchangerContext, tokens: RevocableTokens): Promise<boolean> {
  let outcome = await tryOnce(context, tokens);
  for (const milliseconds of context.revocationPauses) {
    if (!TRIED_AGAIN.includes(outcome) || !(await rest(context, milliseconds))) break;
    outcome = await tryOnce(context, tokens);
  }
  const { provider, oauthAppId } = tokens;
  const level = TRIED_AGAIN.includes(outcome) ? 'warn' : 'info';
  context.logger[level]({ provider, oauthAppId, outcome }, 'revocation.settled');
  return outcome === 'revoked';
}

/** Of tokens that nobody wants: what becomes of the exchange that brought them does not hang on it. */
export async function tryToRevoke(
  context: ExchangerContext,
  { provider }: Pick<RevocableTokens, 'provider'>,
  revoke: () => Promise<unknown>,
): Promise<void> {
  try {
    await revoke();
  } catch (error) {
    context.logger.warn({ err: error, provider }, 'tokens that nobody wants were not revoked');
  }
}

/** Revokes a token set whose attempt was given up before it came. Whose it is is asked first: a living grant must not die of it. */
export async function revokeUnwanted(
  context: ExchangerContext,
  { attempt, app }: { attempt: CodeAttempt; app: AppCredentials | undefined },
  tokens: TokenSet,
): Promise<void> {
  const outcome = await identify(context, attempt, tokens.accessToken, tokens.scopes ?? []);
  const platformUserId = outcome.ok ? outcome.identity.platformUserId : null;
  await revokeTokens(context, { ...attempt, ...tokens, platformUserId, ...(app && { app }) });
}

/** False: this process ends. */
function rest({ leaving }: ExchangerContext, milliseconds: number): Promise<boolean> {
  return pause(milliseconds, true, { signal: leaving }).catch(() => false);
}

async function tryOnce(context: ExchangerContext, tokens: RevocableTokens): Promise<Revocation> {
  const provider = providerOf(tokens.provider);
  try {
    const app = await credentialsOf(context, tokens);
    if (!app) return 'no_app';
    const person = { ...tokens, clientId: app.clientId };
    const reason = await reasonToSpare(context, person, tokens);
    if (reason) return reason;
    if (!provider.revoke) return 'not_offered';
    const outcome = await send(context, provider.revoke({ ...tokens, app }), tokens);
    await lookAfter(context, person);
    return outcome;
  } catch (error) {
    context.logger.warn({ err: error, provider: tokens.provider }, 'a revocation was not answered');
    return 'unanswered';
  }
}

async function credentialsOf(context: ExchangerContext, tokens: RevocableTokens): Promise<AppCredentials | undefined> {
  const app = await readApp(context.pool, tokens.oauthAppId);
  return app ? openApp(context.pool, context.vault, app) : tokens.app;
}

function reasonToSpare(
  context: ExchangerContext,
  person: PersonOfClient,
  tokens: RevocableTokens,
): Promise<Revocation | undefined> {
  return transaction(context.pool, async (tx) => {
    const living = await findLiving(tx, person);
    // A pair is no fallback of another person's grant, nor of one in another workspace.
    if (living?.oauthAppId === person.oauthAppId && person.platformUserId !== null)
      await keepAsOrphan(context, tx, living, tokens);
    if (living || (await tokenSetWaits(tx, person))) return 'spared';
    return (await tokenSetComes(tx, person)) ? 'consent_coming' : undefined;
  });
}

async function send(
  context: ExchangerContext,
  request: ReturnType<NonNullable<Provider['revoke']>>,
  { provider, environment }: RevocableTokens,
): Promise<Revocation> {
  const answer = await context.client.send(request, { environment, within: API_DEADLINE });
  const failure = readRevocationAnswer(providerOf(provider), answer);
  if (!failure) return 'revoked';
  return failure.class === 'temporary' ? 'unanswered' : 'refused';
}

/** A consent that came while the revocation was under way may have died of it: its probe tells within a minute. */
async function lookAfter(context: ExchangerContext, person: PersonOfClient): Promise<void> {
  const living = await findLiving(context.pool, person);
  if (living) await scheduleProbesNow(context.pool, { grantId: living.id });
}
